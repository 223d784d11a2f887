"""Arguments and options that several commands share, each written once."""

from pathlib import Path
from typing import Annotated

import typer

from tileloom.engine_name import EngineName

Model = Annotated[str, typer.Argument(metavar="MODEL", help="ONNX file, tile program (.tlp) or zoo name.")]
Target = Annotated[
    str, typer.Option("--target", metavar="NAME|FILE.toml", help="Machine: a preset (see `targets`) or a TOML file.")
]
OptionalTarget = Annotated[
    str | None, typer.Option("--target", metavar="NAME|FILE.toml", help="Machine; of a program, it must be its own.")
]
Input = Annotated[
    Path | None,
    typer.Option("--input", metavar="X.npz", help="Frames: arrays named like the inputs, floats or codes."),
]
Calibration = Annotated[
    Path | None,
    typer.Option("--calibration", metavar="X.npz", help="Typical inputs, from which ranges are chosen."),
]
Frames = Annotated[int | None, typer.Option("--frames", min=1, max=1_000_000, help="Number of inferences.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of random inputs where none are given.")]
JsonPath = Annotated[
    str | None, typer.Option("--json", metavar="PATH", help="Write the result as JSON; - for standard output.")
]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="PATH", help="File to write.")]
DeepestEngine = Annotated[
    EngineName | None, typer.Option("--engine", help="Deepest engine; rtl where it can be built, else cycle.")
]
Engine = Annotated[EngineName, typer.Option("--engine", help="Engine that gives the numbers.")]
OutputFolder = Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder to write into.")]
