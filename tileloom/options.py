"""Arguments and options that several commands share, each written once."""

from pathlib import Path
from typing import Annotated

import typer

from tileloom.engine_name import EngineName

Model = Annotated[str, typer.Argument(metavar="MODEL", help="ONNX file, tile program (.tlp) or zoo name.")]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="NAME|FILE.toml",
        help="Machine: a preset (see `targets`) or a TOML file; else `default`, or the program's own.",
    ),
]
NetworkTarget = Annotated[
    str | None,
    typer.Option(
        "--target", metavar="NAME|FILE.toml", help="Machine: a preset (see `targets`) or a TOML file; else `default`."
    ),
]
OneTarget = Annotated[
    str | None,
    typer.Option("--target", metavar="NAME|FILE.toml", help="Only this preset or TOML file, not every preset."),
]
BoardTarget = Annotated[
    str | None,
    typer.Option("--target", metavar="NAME|FILE.toml", help="Machine: a preset or a TOML file; else the board's own."),
]
Input = Annotated[
    Path | None,
    typer.Option("--input", metavar="X.npz", help="Frames: arrays named like the inputs, floats or codes."),
]
Calibration = Annotated[
    Path | None,
    typer.Option(
        "--calibration", metavar="X.npz|DIR", help="Typical inputs, or pictures; ranges are chosen from them."
    ),
]
Dims = Annotated[
    list[str] | None, typer.Option("--dim", metavar="NAME=N", help="Size of a dynamic axis; may be repeated.")
]
Batch = Annotated[int | None, typer.Option("--batch", metavar="1", help="First axis of all inputs, whatever it is.")]
Bind = Annotated[
    list[str] | None, typer.Option("--bind", metavar="NAME=X.npy", help="Make an input a constant; may be repeated.")
]
HostOps = Annotated[
    bool,
    typer.Option("--host-ops", help="Leave operators that the accelerator lacks, and all behind them, to the host."),
]
Method = Annotated[
    str | None, typer.Option("--method", metavar="NAME", help="Choice of ranges: mse (usual), percentile or minmax.")
]
Bits = Annotated[
    Path | None, typer.Option("--bits", metavar="X.toml", help="Bit widths of layers, by patterns of node names.")
]
Frames = Annotated[int | None, typer.Option("--frames", min=1, max=1_000_000, help="Inferences; else all of --input.")]
Technology = Annotated[
    str | None,
    typer.Option(
        "--technology", metavar="NAME|FILE.toml", help="Table of energies (see `technologies`); else `asic45`."
    ),
]
OneTechnology = Annotated[
    str | None, typer.Option("--technology", metavar="NAME|FILE.toml", help="Show every number of this table.")
]
FramesPerSecond = Annotated[
    float | None, typer.Option("--frames-per-second", metavar="RATE", help="Tell the power at this frame rate, too.")
]
Effort = Annotated[
    int,
    typer.Option(
        "--effort",
        min=0,
        max=100,
        help="Mappings of each layer to try in the whole program, besides the one that is best by estimate.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of random inputs where none are given.")]
JsonPath = Annotated[
    str | None, typer.Option("--json", metavar="PATH", help="Write the result as JSON; - for standard output.")
]
Program = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="X.tlp", help="Program file; else MODEL.tlp in this folder.")
]
Outputs = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="X.npz", help="Write what the network gives, in real numbers.")
]
Copy = Annotated[Path | None, typer.Option("--output", "-o", metavar="X.onnx", help="Write the ONNX file there.")]
DeepestEngine = Annotated[
    EngineName | None, typer.Option("--engine", help="Deepest engine; rtl where it can be built, else cycle.")
]
Family = Annotated[
    str | None,
    typer.Option("--family", metavar="ecp5|ice40", help="Devices that a netlist is synthesised for; else ecp5."),
]
Engine = Annotated[EngineName, typer.Option("--engine", help="Engine that gives the numbers.")]
SavePasses = Annotated[
    Path | None,
    typer.Option("--save-passes", metavar="DIR", help="Folder for the graph after every pass, as ONNX for Netron."),
]
OutputFolder = Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder to write into.")]
