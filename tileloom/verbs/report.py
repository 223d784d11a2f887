"""``report``: one HTML page that shows where every cycle and every picojoule of a frame goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tileloom.compilation import Compiled, compiled
from tileloom.document import Document, Kind
from tileloom.energy_figures import technology_of
from tileloom.engine_name import EngineName
from tileloom.engines import rtl_engine, run_cycle, run_rtl, showing_engine
from tileloom.files import require_writable, write
from tileloom.frames import Given, arrays_of, calibration_of, frames_for
from tileloom.hw.spec.result import Result
from tileloom.model_argument import Model, find
from tileloom.progress import Watch, unwatched
from tileloom.report.quality import Quality, TensorFigures, measure, read_labels
from tileloom.tables import Table, decibels, facts, percent
from tileloom.verbs.simulate import SimulateDocument, simulate_document

if TYPE_CHECKING:
    import numpy.typing as npt

    from tileloom.compiler.calibration_data import Calibration
    from tileloom.sim.energy.technology import Technology

QUALITY = ("accuracy", "accuracy_float", "snr_db")
"""Figures of the integers' quality; a want may name them as it may name those of ``simulate``."""
FIGURES = (*QUALITY, *(name for name in SimulateDocument.table if name.isidentifier() and name != "energy_units_j"))
"""What a want may name, before it is known what the run gives."""


@dataclass(frozen=True)
class WantFigure:
    """One want, the figure's value, and whether it is kept."""

    want: str
    value: float
    reached: bool


@dataclass(frozen=True, kw_only=True)
class ReportDocument(Document):
    """The files written, the frame's figures, what the integers cost, and the wants.

    ``accuracy`` needs labels, and deviations from the float network need the network: they are None where there are
    none. ``snr_db`` is that of the output that is worst, over ``frames`` frames or the first of them.
    """

    command: ClassVar[str] = "report"
    table: ClassVar[Mapping[str, Kind]] = {
        **{f"simulate.{name}": kind for name, kind in SimulateDocument.table.items()},
        **{f"simulate.kinds.{name}": kind for name, kind in SimulateDocument.table.items()},
        "bytes": Kind.COUNTED,
        "frames": Kind.GIVEN,
        "labels": Kind.GIVEN,
        **dict.fromkeys(QUALITY, Kind.SIMULATED),
        **{f"tensors[].{name}": Kind.COUNTED for name in ("low", "high", "scale", "zero_point")},
        **{f"tensors[].{name}": Kind.SIMULATED for name in ("code_low", "code_high", "used", "clipped", "snr_db")},
        "wants[].value": Kind.SIMULATED,
    }
    model: str
    target: str
    files: tuple[str, ...]
    bytes: int
    frames: int
    frames_from: str
    labels: int
    accuracy: float | None
    accuracy_float: float | None
    snr_db: float | None
    tensors: tuple[TensorFigures, ...]
    wants: tuple[WantFigure, ...]
    simulate: SimulateDocument

    def tables(self) -> list[Table]:
        """The files, and the wants with what became of them."""
        note = "\n".join(f"Written: {name}" for name in self.files)
        rows = [
            (want.want, f"{want.value:.6g}, {'reached' if want.reached else 'MISSED'}", self.kinds["wants[].value"])
            for want in self.wants
        ]
        quality = [
            (f"accuracy on {self.labels} frames", percent(self.accuracy), self.kinds["accuracy"]),
            ("accuracy of the float network", percent(self.accuracy_float), self.kinds["accuracy_float"]),
            ("outputs, signal to noise", decibels(self.snr_db) if self.snr_db else None, self.kinds["snr_db"]),
        ]
        title = f"report of {self.model} on {self.target}"
        return [facts(title, [("page, bytes", self.bytes, "counted"), *quality, *rows], note)]


def report(
    model: Model,
    *,
    target: str | Path | None = None,
    engine: str | None = None,
    seed: int = 0,
    input: Given | None = None,
    calibration: "Given | Calibration | None" = None,
    labels: "str | Path | npt.NDArray[Any] | None" = None,
    output: str | Path = "report.html",
    csv: str | Path | None = None,
    trace: str | Path | None = None,
    wants: tuple[str, ...] = (),
    technology: str | None = None,
    frames_per_second: float | None = None,
    watch: Watch = unwatched,
) -> ReportDocument:
    """Write the page of a network or program, from one frame on one engine (cycle or rtl; default: cycle).

    ``csv`` takes the layer table, ``trace`` the timeline for Perfetto, both of that engine. ``labels`` are the right
    classes of the frames given, a ``.npy`` of whole numbers: they give the accuracy. ``wants`` are bounds like
    ``latency_s<=0.001``: the page and the document say which are kept. Raises ``ModelError``, ``ProgramError`` or
    ``TargetError``.
    """
    from tileloom.report.layer_table import layers_csv
    from tileloom.report.page import Shown, page
    from tileloom.report.perfetto import perfetto
    from tileloom.report.reproduction import reproduction
    from tileloom.report.wants import read_wants

    places = [Path(path) for path in (output, csv, trace) if path is not None]
    for path in places:
        require_writable(path)
    right = read_labels(labels)
    read_wants(wants, dict.fromkeys(FIGURES, 0.0))
    table = technology_of(technology)
    argument = find(model)
    given = arrays_of(input)
    made = compiled(argument, target, calibration_of(calibration), given, seed, watch)
    name = showing_engine(engine)
    counted = run_cycle(made.program, 1, watch=watch)
    timed, verilog_hash = counted, None
    if name is EngineName.RTL:
        codes = frames_for(made.inputs, given, 1, seed, argument).codes
        hardware = rtl_engine(made.program.target, watch=watch)
        timed = run_rtl(hardware, made.program, codes, waits=True, watch=watch)
        verilog_hash = hardware.verilog_hash
    document = simulate_document(argument.name, made, name, timed, counted, None, table, frames_per_second)
    quality = measure(made, argument, given, right, seed, watch)
    figures = {**_figures(document), **{figure: getattr(quality, figure) for figure in QUALITY}}
    bounds = [(want, float(figures[want.figure] or 0.0)) for want in read_wants(wants, figures)]
    kinds = {**dict.fromkeys(QUALITY, Kind.SIMULATED), **document.kinds}
    watch("drawing", 0, 0)
    options = {
        **{"target": target, "engine": str(name), "seed": seed},
        **{"input": input, "calibration": calibration, "labels": labels},
        **{"technology": technology, "frames-per-second": frames_per_second},
        **{"output": Path(output).name, "csv": csv and Path(csv).name, "trace": trace and Path(trace).name},
        "want": wants,
    }
    shown = Shown(
        document=document,
        made=made,
        frame=timed.frames[0],
        events=counted.events,
        quality=quality,
        wants=[(want, value, kinds[want.figure]) for want, value in bounds],
        tile_joules=_tile_joules(made, timed, table),
        reproduction=reproduction(argument, made, options, verilog_hash),
        csv=None if csv is None else Path(csv).name,
    )
    files = {Path(output): page(shown)}
    if csv is not None:
        files[Path(csv)] = layers_csv(document.layers, [job.mapping for job in made.program.jobs])
    if trace is not None:
        files[Path(trace)] = perfetto(made.program, timed.frames[0])
    for path, content in files.items():
        write(path, content)
    return ReportDocument(
        model=argument.name,
        target=made.program.target.name,
        files=tuple(str(path) for path in files),
        bytes=len(files[Path(output)].encode()),
        wants=tuple(WantFigure(str(want), value, want.holds(value)) for want, value in bounds),
        simulate=document,
        changed_kinds={
            **{f"simulate.{field}": kind for field, kind in document.kinds.items()},
            **({"wants[].value": Kind.RTL} if name is EngineName.RTL else {}),
        },
        **_of(quality),
    )


def _of(quality: Quality) -> dict[str, Any]:
    """Fields of the document that are the quality's own."""
    return {name: getattr(quality, name) for name in ("frames", "frames_from", "labels", "tensors", *QUALITY)}


def _tile_joules(made: Compiled, timed: Result, technology: "Technology") -> list[float]:
    from tileloom.report.tile_energy import tile_joules
    from tileloom.sim.energy.model import energy_of_events

    target, cycles = made.program.target, timed.frames[0].cycles
    return tile_joules(made.program, lambda events: energy_of_events(events, cycles, target, technology).joules.value)


def _figures(document: SimulateDocument) -> dict[str, float | None]:
    """Single numbers of a document that a want may name."""
    found = {}
    for name in document.kinds:
        value = getattr(document, name, None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = float(value)
    return dict(found)
