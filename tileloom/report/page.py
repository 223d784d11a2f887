"""The page: what the figures of a frame and its drawings become in HTML.

Every number on it has a kind: the nearest ``data-kind`` around it, in a table that of its column. Besides the kinds of
:class:`tileloom.document.Kind` there is ``name``: digits of a name, a version or a hash, which count nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tileloom.compilation import Compiled
from tileloom.document import Kind, plain
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import CAUSE_TEXTS, Cause
from tileloom.hw.spec.result import FrameTiming
from tileloom.layer_figures import LayerFigures
from tileloom.noise import greatest_loss
from tileloom.report.decisions import decisions, linked, nodes_of
from tileloom.report.floor import floor, heat_maps, occupied_lines
from tileloom.report.memory import constant_bytes, occupied
from tileloom.report.palette import CAUSE_COLOURS
from tileloom.report.power import power
from tileloom.report.quality import Quality
from tileloom.report.quantisation import COLUMNS as TENSOR_COLUMNS
from tileloom.report.quantisation import noise, rows, worst
from tileloom.report.roofline import roofline
from tileloom.report.timeline import BINS, timeline
from tileloom.report.wants import Want
from tileloom.tables import decibels, percent, si
from tileloom.verbs.simulate import SimulateDocument

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).parent / "templates"
NAME = "name"
BROAD = 4
"""Tiles side by side; with more the floor plan takes the whole width of the page."""
SHOWN_NOTES = 12
"""Notes that stand open; more are folded away."""


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
    kind: str


@dataclass(frozen=True)
class Shown:
    """What a page is made of.

    Parameters
    ----------
    frame : with its waits, of the engine that the page is about
    events : counts of the frame
    wants : each with its figure's value and kind
    tile_joules : of each tile; empty where not known
    reproduction : what to run and with what, in order
    csv : name of the file with the layer table
    """

    document: SimulateDocument
    made: Compiled
    frame: FrameTiming
    events: Mapping[str, int]
    quality: Quality
    wants: Sequence[tuple[Want, float, Kind]] = ()
    tile_joules: Sequence[float] = ()
    reproduction: Mapping[str, str] = field(default_factory=dict)
    csv: str | None = None


def page(shown: Shown) -> str:
    """The whole page as text."""
    document, program, frame = shown.document, shown.made.program, shown.frame
    quality, kinds = shown.quality, document.kinds
    timed = str(kinds["cycles"])
    network = shown.made.quantised.network if shown.made.quantised else None
    nodes = nodes_of(network) if network is not None else []
    anchors = {node.name: node.anchor for node in nodes}
    notes = linked(document.notes, anchors)
    return _template().render(
        document=document,
        grid=_grid(program),
        sections=_sections(quality, bool(nodes)),
        facts=facts_of(document, quality),
        wants=[_verdict(*want) for want in shown.wants],
        kinds=kinds,
        timed=timed,
        column_cycles=f"{frame.cycles / min(BINS, frame.cycles):,.1f}",
        causes=_causes(frame),
        timeline=timeline(program, frame),
        roofline=roofline(document.layers, program.target),
        floor=floor(program, frame, occupied_lines(program, shown.events, frame.cycles)),
        heat_maps=heat_maps(program.target, frame, timed, shown.tile_joules, str(kinds["energy_j"])),
        is_broad=program.target.tiles_x > BROAD,
        map_width=min(max(168, 46 * program.target.tiles_x), 540),
        columns=_columns(kinds),
        rows=[_row(number, layer) for number, layer in enumerate(document.layers, 1)],
        csv=shown.csv,
        power=power(document.energy),
        spaces=occupied(program, frame),
        constant_bytes=si(float(constant_bytes(program)), "B"),
        noise=noise(quality.tensors),
        noise_text=_noise_text(quality),
        loss=_loss(shown.made, quality),
        tensor_columns=TENSOR_COLUMNS,
        tensors=rows(worst(quality.tensors) or quality.tensors[:10]),
        decisions=decisions(program, anchors),
        nodes=nodes,
        notes=notes[:SHOWN_NOTES],
        more_notes=notes[SHOWN_NOTES:],
        reproduction=shown.reproduction.items(),
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


def _sections(quality: Quality, has_nodes: bool) -> list[tuple[str, str]]:
    return [
        ("timeline", "Timeline"),
        ("roofline", "Roofline"),
        ("floor", "Floor plan"),
        ("layers", "Layers"),
        ("memory", "Memory"),
        *([("quantisation", "Quantisation")] if quality.tensors else []),
        ("energy", "Energy"),
        ("decisions", "Decisions"),
        *([("nodes", "ONNX nodes")] if has_nodes else []),
        ("again", "To get the same again"),
    ]


def _grid(program: Program) -> str:
    target = program.target
    return (
        f"{target.tiles_x} x {target.tiles_y} tiles of {target.lanes} lanes and {target.columns} columns: "
        f"{target.macs_per_cycle:,} MACs a cycle at {si(target.clock_hz, 'Hz')}, "
        f"{target.port_bytes} bytes a cycle to memory"
    )


def facts_of(document: SimulateDocument, quality: Quality) -> list[Fact]:
    """The strip's figures, each with its kind; what the run does not give is left out."""
    kinds = {name: str(kind) for name, kind in document.kinds.items()}
    rows = (
        ("accuracy", percent(quality.accuracy), str(Kind.SIMULATED)),
        ("accuracy of the float network", percent(quality.accuracy_float), str(Kind.SIMULATED)),
        ("outputs, signal to noise", _typical_noise(quality), str(Kind.SIMULATED)),
        ("latency", si(document.latency_s, "s"), kinds["latency_s"]),
        ("frames a second", _count(document.frames_per_s), kinds["frames_per_s"]),
        ("cycles", _count(document.cycles), kinds["cycles"]),
        ("utilisation", percent(document.utilisation), kinds["utilisation"]),
        ("of the roofline", percent(document.roofline_efficiency), kinds["roofline_efficiency"]),
        ("arithmetic", si(document.gops and document.gops * 1e9, "OP/s"), kinds["gops"]),
        ("energy a frame", si(document.energy_j, "J"), kinds["energy_j"]),
        ("power", si(document.power_w, "W"), kinds["power_w"]),
        ("memory traffic", si(document.dram_bytes, "B"), kinds["dram_bytes"]),
    )
    return [Fact(what, value, kind) for what, value, kind in rows if value is not None]


def _typical_noise(quality: Quality) -> str | None:
    """Of frames that mean something: random codes are typical of nothing."""
    return None if quality.snr_db is None or quality.is_random else decibels(quality.snr_db)


def _count(value: float | None) -> str | None:
    return None if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _verdict(want: Want, value: float, kind: Kind) -> Verdict:
    return Verdict(str(want), want.holds(value), f"{value:.6g}", str(kind))


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


def _columns(kinds: Mapping[str, Kind]) -> list[tuple[str, str, bool]]:
    """Headings of the layer table, each with the kind of its column, and whether that holds words."""
    figures = (
        ("cycles", "cycles"),
        ("MACs", "macs"),
        ("utilisation", "utilisation"),
        ("of roofline", "roofline_efficiency"),
        ("bytes", "dram_bytes"),
        ("energy", "energy_j"),
        ("waits most for", "stall_cycles"),
    )
    named = [("#", str(Kind.COUNTED), False), ("layer", NAME, True), ("operator", NAME, True)]
    return [
        *named,
        *((words, str(kinds[f"layers[].{figure}"]), figure == "stall_cycles") for words, figure in figures),
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


def _noise_text(quality: Quality) -> str:
    frames = "frame" if quality.snr_frames == 1 else "frames"
    against = f"Against the float network on {quality.snr_frames} {frames} ({quality.frames_from}). "
    doubt = "Such frames are typical of nothing: with --input the figures are those of real ones. "
    return f"{against if quality.snr_frames else ''}{doubt if quality.is_random else ''}{quality.note}".strip()


def _loss(made: Compiled, quality: Quality) -> str:
    """Where most of the signal is lost, as a sentence; empty where nothing is known or little is lost."""
    known = {tensor.tensor: tensor.snr_db for tensor in quality.tensors if tensor.snr_db is not None}
    lost = None if made.quantised is None else greatest_loss(made.quantised.graph, known)
    if lost is None:
        return ""
    (layer,) = (tensor.layer for tensor in quality.tensors if tensor.tensor == lost.tensor)
    return f"Most signal is lost in {layer}: {lost.before:.1f} dB before it, {lost.behind:.1f} dB behind it."
