"""``compile``: from a network to a tile program file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tileloom.compilation import Compiled, compiled
from tileloom.compiler.graph import HostNode
from tileloom.document import Document, Kind
from tileloom.files import require_writable, write
from tileloom.frames import Given, arrays_of, calibration_of
from tileloom.model_argument import PROGRAM_SUFFIX, Model, find
from tileloom.note_lines import note_lines
from tileloom.pass_files import PassFiles
from tileloom.progress import Watch, unwatched
from tileloom.refusal import refuse
from tileloom.tables import Table, facts, percent

if TYPE_CHECKING:
    from tileloom.compiler.calibration_data import Calibration

OTHER_FILES = (".onnx", ".npz", ".npy", ".toml", ".py", ".json", ".html", ".csv", ".v", ".bit")
"""Endings that mean something else than a program."""


@dataclass(frozen=True)
class CompiledLayer:
    """What the jobs with one tag do, and how the layer is laid onto lanes, columns and tiles."""

    name: str
    op: str
    node: str
    source: str
    macs: int
    mapping: str


@dataclass(frozen=True, kw_only=True)
class CompileDocument(Document):
    """A program; sizes in bytes of its address window."""

    command: ClassVar[str] = "compile"
    table: ClassVar[Mapping[str, Kind]] = {
        name: Kind.COUNTED
        for name in (
            *("macs", "instructions", "program_bytes", "weight_bytes", "memory_bytes", "layers[].macs"),
            *("grid_macs_share", "grid_elements_share", "host[].elements", "host[].macs"),
        )
    }
    model: str
    target: str
    output: str | None
    """The file written."""
    host_output: str | None
    """The ONNX file with what is left to the host; it reads the program's outputs."""
    macs: int
    instructions: int
    program_bytes: int
    weight_bytes: int
    """Weights and constants as they stand in memory, packed into words."""
    memory_bytes: int
    grid_macs_share: float
    """Part of the network's multiply-accumulates that the accelerator does."""
    grid_elements_share: float
    """Part of all computed elements that the accelerator computes; the rest is ``host``."""
    host: tuple[HostNode, ...]
    calibration: str
    notes: tuple[str, ...]
    layers: tuple[CompiledLayer, ...]

    def tables(self) -> list[Table]:
        """Sizes, layers, and where the file went."""
        sizes = facts(
            f"{self.model} for {self.target}",
            [
                ("multiply-accumulates", self.macs, Kind.COUNTED),
                ("instructions", self.instructions, Kind.COUNTED),
                ("program bytes", self.program_bytes, Kind.COUNTED),
                ("weight bytes", self.weight_bytes, Kind.COUNTED),
                ("memory bytes", self.memory_bytes, Kind.COUNTED),
                ("MACs on the grid", percent(self.grid_macs_share), Kind.COUNTED),
                ("elements on the grid", percent(self.grid_elements_share), Kind.COUNTED),
                ("ranges from", self.calibration, ""),
            ],
            "\n".join(note_lines(self.notes)),
        )
        rows = tuple((row.name, row.op, row.macs, row.mapping, row.source) for row in self.layers)
        written = f"Written to {self.output}." if self.output else ""
        written += f"\nWhat is left to the host: {self.host_output}." if self.host_output else ""
        return [sizes, Table("layers", ("layer", "operator", "MACs", "mapping", "source"), rows, written)]


def compile(
    model: Model,
    *,
    target: str | Path | None = None,
    calibration: "Given | Calibration | None" = None,
    input: Given | None = None,
    seed: int = 0,
    output: str | Path | None = None,
    save_passes: str | Path | None = None,
    effort: int = 0,
    watch: Watch = unwatched,
) -> CompileDocument:
    """Compile a network and write the program to ``output`` (None: nowhere).

    ``save_passes`` is a folder that gets the graph after every pass of the front end, as ONNX files. With ``effort`` so
    many more mappings of each layer are tried, each in the whole program with its simulated cycles.

    Raises ``ModelError`` with every problem of the network, or of a layer that does not fit the target.
    """
    argument = find(model)
    argument.network("compile")
    if output is not None:
        require_program_name(Path(output))
        require_writable(Path(output))
    saved = PassFiles(None if save_passes is None else Path(save_passes))
    made = compiled(argument, target, calibration_of(calibration), arrays_of(input), seed, watch, saved, effort)
    host = None if made.quantised is None else made.quantised.network.host_model
    if output is not None:
        write(Path(output), made.program.to_bytes())
        if host is not None:
            write(host_path(output), host.SerializeToString())
    return _document(argument.name, made, output, None if output is None or host is None else host_path(output))


def require_program_name(path: Path) -> None:
    """Raise ``ModelError`` TL409 for a name that every reader, tileloom too, would take for another kind of file."""
    if path.suffix.lower() in OTHER_FILES:
        rule = f"a program must not be written under a name that ends in {path.suffix}"
        raise refuse("TL409", str(path), rule, "", f"name it {path.with_suffix(PROGRAM_SUFFIX).name}")


def host_path(output: str | Path) -> Path:
    """Where the host's part of a network goes: beside the program, as ONNX."""
    return Path(output).with_suffix(".host.onnx")


def program_path(model: str) -> Path:
    """Where the command line writes a program unless told otherwise: beside the caller, named after the model."""
    return Path(Path(model).stem).with_suffix(PROGRAM_SUFFIX)


def _document(model: str, made: Compiled, output: str | Path | None, host: Path | None) -> CompileDocument:
    program = made.program
    return CompileDocument(
        model=model,
        target=program.target.name,
        output=None if output is None else str(output),
        host_output=None if host is None else str(host),
        macs=int(program.information["macs"]),
        instructions=len(program.instructions),
        program_bytes=len(program.instruction_bytes),
        weight_bytes=len(program.weights),
        memory_bytes=program.memory_bytes,
        grid_macs_share=1.0 if made.quantised is None else made.quantised.graph.grid_macs_share,
        grid_elements_share=1.0 if made.quantised is None else made.quantised.graph.grid_share,
        host=() if made.quantised is None else made.quantised.graph.host,
        calibration=str(program.information["calibration"]),
        notes=tuple(program.information["notes"]),
        layers=tuple(
            CompiledLayer(job.name, job.op, job.node, job.source, job.macs, job.mapping) for job in program.jobs
        ),
    )
