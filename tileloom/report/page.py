"""The page: what the figures of a frame and its drawings become in HTML."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tileloom.document import plain
from tileloom.hw.spec.program import JobMap, Program
from tileloom.hw.spec.registers import CAUSE_TEXTS, Cause
from tileloom.hw.spec.result import FrameTiming
from tileloom.layer_figures import LayerFigures
from tileloom.report.floor import floor, line_shares
from tileloom.report.palette import CAUSE_COLOURS
from tileloom.report.power import power
from tileloom.report.roofline import roofline
from tileloom.report.timeline import BINS, timeline
from tileloom.report.wants import Want
from tileloom.tables import percent, si
from tileloom.verbs.simulate import SimulateDocument

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).parent / "templates"
SECTIONS = (
    ("timeline", "Timeline"),
    ("roofline", "Roofline"),
    ("floor", "Floor plan"),
    ("layers", "Layers"),
    ("energy", "Energy"),
    ("decisions", "Decisions"),
    ("again", "To get the same again"),
)
COLUMNS = (
    "#",
    "layer",
    "operator",
    "cycles",
    "MACs",
    "utilisation",
    "of roofline",
    "bytes",
    "energy",
    "waits most for",
)


@dataclass(frozen=True)
class Fact:
    """One figure of the strip at the top."""

    what: str
    value: str
    kind: str


@dataclass(frozen=True)
class Cell:
    """A cell of the layer table; ``sort`` is what it is sorted by, None for the text itself."""

    shown: str
    sort: float | None = None


@dataclass(frozen=True)
class Verdict:
    """A want and whether it is so."""

    text: str
    holds: bool
    value: str


def page(
    document: SimulateDocument,
    program: Program,
    frame: FrameTiming,
    events: Mapping[str, int],
    wants: Sequence[Want],
    reproduction: Mapping[str, str],
    csv: str | None = None,
) -> str:
    """The whole page as text.

    Parameters
    ----------
    frame : of the cycle simulator, with its waits
    events : counts of the frame
    reproduction : what to run and with what, in order
    csv : name of the file with the layer table
    """
    target, kinds = program.target, document.kinds
    rows = [_row(number, layer) for number, layer in enumerate(document.layers, 1)]
    return _template().render(
        document=document,
        grid=_grid(program),
        sections=SECTIONS,
        facts=facts_of(document),
        wants=verdicts(document, wants),
        kinds=kinds,
        column_cycles=f"{frame.cycles / min(BINS, frame.cycles):,.1f}",
        causes=_causes(frame),
        timeline=timeline(program, frame),
        roofline=roofline(document.layers, target),
        floor=floor(target, frame),
        lines=line_shares(target, events, frame.cycles).items(),
        columns=COLUMNS,
        rows=rows,
        csv=csv,
        power=power(document.energy_units_j),
        memory="",
        noise=(),
        jobs=[_job(job) for job in program.jobs],
        reproduction=reproduction.items(),
        # Nothing in the JSON may end the script element that holds it.
        figures=json.dumps(plain(document), allow_nan=False).replace("<", "\\u003c"),
    )


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=lambda value: Markup(value) if isinstance(value, str) and value.startswith("<svg ") else value,
    )
    return environment.get_template("report.html.j2")


def _grid(program: Program) -> str:
    target = program.target
    return (
        f"{target.tiles_x} x {target.tiles_y} tiles of {target.lanes} lanes and {target.columns} columns: "
        f"{target.macs_per_cycle:,} MACs a cycle at {si(target.clock_hz, 'Hz')}, "
        f"{target.port_bytes} bytes a cycle to memory"
    )


def facts_of(document: SimulateDocument) -> list[Fact]:
    """The strip's figures, each with its kind; what the run does not give is left out."""
    kinds = document.kinds
    rows = (
        ("latency", si(document.latency_s, "s"), "latency_s"),
        ("frames a second", _count(document.frames_per_s), "frames_per_s"),
        ("cycles", _count(document.cycles), "cycles"),
        ("utilisation", percent(document.utilisation), "utilisation"),
        ("of the roofline", percent(document.roofline_efficiency), "roofline_efficiency"),
        ("arithmetic", si(document.gops and document.gops * 1e9, "OP/s"), "gops"),
        ("energy a frame", si(document.energy_j, "J"), "energy_j"),
        ("power", si(document.power_w, "W"), "power_w"),
        ("memory traffic", si(document.dram_bytes, "B"), "dram_bytes"),
    )
    return [Fact(what, value, str(kinds[name])) for what, value, name in rows if value is not None]


def _count(value: float | None) -> str | None:
    return None if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def verdicts(document: SimulateDocument, wants: Sequence[Want]) -> list[Verdict]:
    """Every want beside the figure it is about."""
    found = []
    for want in wants:
        value = float(getattr(document, want.figure))
        found.append(Verdict(str(want), want.holds(value), f"{value:.6g} ({document.kinds[want.figure]})"))
    return found


def _causes(frame: FrameTiming) -> list[dict[str, str]]:
    """Colour, words and share of all tiles' cycles of each cause that occurs."""
    total = frame.cycles * len(frame.stalls)
    counts = {cause: sum(stalls.get(cause, 0) for stalls in frame.stalls) for cause in Cause}
    return [
        {
            "colour": CAUSE_COLOURS[cause],
            "name": cause.name.lower(),
            "text": CAUSE_TEXTS[cause],
            "share": percent(count / total) or "",
        }
        for cause, count in counts.items()
        if count
    ]


def _row(number: int, layer: LayerFigures) -> list[Cell]:
    return [
        Cell(str(number), number),
        Cell(layer.name),
        Cell(layer.op),
        Cell(f"{layer.cycles:,}", layer.cycles),
        Cell(f"{layer.macs:,}", layer.macs),
        Cell(percent(layer.utilisation) or "-", layer.utilisation or 0.0),
        Cell(percent(layer.roofline_efficiency) or "-", layer.roofline_efficiency or 0.0),
        Cell(f"{layer.dram_bytes:,}", layer.dram_bytes),
        Cell(si(layer.energy_j, "J") or "-", layer.energy_j),
        Cell(layer.worst_stall() or "-"),
    ]


def _job(job: JobMap) -> dict[str, str]:
    path, _, line = job.source.rpartition(":")
    link = f"file://{path}#L{line}" if Path(path).is_absolute() and line.isdigit() else ""
    return {"name": job.name, "node": job.node, "source": job.source, "mapping": job.mapping, "link": link}
