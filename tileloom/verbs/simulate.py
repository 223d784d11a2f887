"""``simulate``: how long a network takes on a machine, what it waits for, and what it costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tileloom.compilation import Compiled, compiled
from tileloom.document import Document, Kind
from tileloom.energy_figures import EnergyFigures, figures_of, kinds, technology_of
from tileloom.engine_name import EngineName
from tileloom.engines import rtl_engine, run_cycle, run_functional, run_rtl, showing_engine
from tileloom.files import Arrays, require_writable, write_arrays
from tileloom.frames import Given, arrays_of, calibration_of, frames_for
from tileloom.hw.spec.registers import CAUSE_TEXTS, Cause
from tileloom.hw.spec.result import Result
from tileloom.layer_figures import LayerFigures, frame_bytes, layer_figures
from tileloom.model_argument import Model, find
from tileloom.note_lines import note_lines
from tileloom.progress import Watch, unwatched
from tileloom.sim.energy.technology import Technology
from tileloom.tables import Table, facts, percent, si

if TYPE_CHECKING:
    from tileloom.compiler.calibration_data import Calibration

TIMED = (
    *("cycles", "interval_cycles", "jitter_cycles", "utilisation", "interval_utilisation", "roofline_efficiency"),
    *("latency_s", "interval_s", "frames_per_s"),
)
LAYER_TIMED = ("cycles", "utilisation", "roofline_efficiency", "latency_s", "gops")
ENERGY = ("energy_j", "energy_low_j", "energy_high_j", "power_w", "energy_units_j")
COUNTED = ("macs", "macs_per_cycle_peak", "dram_bytes", "dram_bytes_minimum")


@dataclass(frozen=True, kw_only=True)
class SimulateDocument(Document):
    """Figures of one isolated frame, program and weights fetched in it; None where the engine does not give them.

    ``interval_cycles`` is the mean distance of frame ends: frames follow each other without overlap. ``jitter_cycles``
    is the longest frame less the shortest. ``utilisation`` is macs / (cycles * peak), ``interval_utilisation`` the same
    over the interval, ``roofline_efficiency`` max(macs / peak, dram_bytes_minimum / bytes per cycle) / cycles.
    """

    command: ClassVar[str] = "simulate"
    table: ClassVar[Mapping[str, Kind]] = {
        "frames": Kind.GIVEN,
        "clock_hz": Kind.GIVEN,
        **dict.fromkeys(COUNTED, Kind.COUNTED),
        **dict.fromkeys((*TIMED, "gops"), Kind.SIMULATED),
        **dict.fromkeys(ENERGY, Kind.ESTIMATED),
        **{f"layers[].{name}": Kind.COUNTED for name in ("macs", "dram_bytes", "dram_bytes_minimum")},
        **{f"layers[].{name}": Kind.SIMULATED for name in (*LAYER_TIMED, "stall_cycles")},
        **kinds("energy"),
        "layers[].energy_j": Kind.ESTIMATED,
        "layers[].power_w": Kind.ESTIMATED,
    }
    model: str
    target: str
    engine: EngineName
    frames: int
    cycles: int | None
    interval_cycles: float | None
    jitter_cycles: int | None
    macs: int
    macs_per_cycle_peak: int
    utilisation: float | None
    interval_utilisation: float | None
    dram_bytes: int | None
    dram_bytes_minimum: int
    roofline_efficiency: float | None
    clock_hz: int
    latency_s: float | None
    interval_s: float | None
    frames_per_s: float | None
    gops: float | None
    energy_j: float | None
    energy_low_j: float | None
    energy_high_j: float | None
    power_w: float | None
    energy_units_j: dict[str, float]
    """Joules by unit of the machine, memory included; they sum to ``energy_j``. The board is not among them."""
    energy_basis: str | None
    """What the energy figures rest on, and how far they may be off."""
    layers: tuple[LayerFigures, ...]
    output: str | None = None
    notes: tuple[str, ...] = ()
    energy: EnergyFigures | None = None
    """The same energies with their ranges, on which technology, at which frame rate, and the board's static power."""

    def tables(self) -> list[Table]:
        """The frame's figures, the layers, the units' energy."""
        layers = [_layer_table(self)] if self.layers else []
        return [_frame_table(self), *layers, *([self.energy.table()] if self.energy else [])]


def simulate(
    model: Model,
    *,
    target: str | Path | None = None,
    engine: str | None = None,
    frames: int | None = None,
    seed: int = 0,
    input: Given | None = None,
    calibration: "Given | Calibration | None" = None,
    output: str | Path | None = None,
    technology: str | None = None,
    frames_per_second: float | None = None,
    watch: Watch = unwatched,
) -> SimulateDocument:
    """Run a network or program on one engine (default: cycle).

    ``technology`` names the table of energies (see ``tileloom technologies``); with ``frames_per_second`` the power at
    that rate is told too.

    With ``output`` the network's results are written there as an ``.npz`` of real values by output name; the cycle
    engine, which has no data, then borrows the functional one. Raises ``ModelError``, ``ProgramError``, ``TargetError``
    or ``TechnologyError``.
    """
    table = technology_of(technology)
    argument = find(model)
    if output is not None:
        require_writable(Path(output))
    given = arrays_of(input)
    made = compiled(argument, target, calibration_of(calibration), given, seed, watch)
    name = showing_engine(engine)
    data = frames_for(made.inputs, given, frames, seed, argument)
    counted = run_cycle(made.program, data.count, watch=watch)
    values: Result | None = None
    if name is EngineName.RTL:
        values = run_rtl(rtl_engine(made.program.target, watch=watch), made.program, data.codes, watch=watch)
    elif name is EngineName.FUNCTIONAL or output is not None:
        values = run_functional(made.program, data.codes, watch=watch)
    if output is not None and values is not None:
        write_arrays(Path(output), reals_of(made, values))
    timed = values if name is EngineName.RTL and values is not None else counted
    written = None if output is None else str(output)
    return simulate_document(argument.name, made, name, timed, counted, written, table, frames_per_second)


def reals_of(made: Compiled, result: Result) -> Arrays:
    """The network's outputs in its own units, by name."""
    from tileloom.compilation import as_tensor
    from tileloom.compiler.quantised_io import dequantise_output

    return {
        tensor.name: dequantise_output(as_tensor(tensor), result.outputs[tensor.name])
        for tensor in made.program.outputs
    }


def simulate_document(
    model: str,
    made: Compiled,
    engine: EngineName,
    timed: Result,
    counted: Result,
    output: str | None = None,
    technology: Technology | None = None,
    frames_per_second: float | None = None,
) -> SimulateDocument:
    """The document of a run: ``timed`` has the cycles, ``counted``, of the cycle engine, the stalls and events."""
    program, target = made.program, made.program.target
    is_timed = engine is not EngineName.FUNCTIONAL
    cycles = timed.frames[0].cycles if is_timed else None
    rest = [frame.cycles for frame in timed.frames[1:]] or [frame.cycles for frame in timed.frames]
    interval = sum(rest) / len(rest) if is_timed else None
    every = [frame.cycles for frame in timed.frames]
    table = technology or technology_of(None)
    layers = layer_figures(program, timed, counted, table) if is_timed else ()
    macs = sum(layer.macs for layer in layer_figures(program, counted, counted))
    minimum = sum(layer.dram_bytes_minimum for layer in layer_figures(program, counted, counted))
    spent = figures_of(counted, target, macs, table, frames_per_second) if is_timed else None
    bound = max(macs / target.macs_per_cycle, minimum / target.port_bytes)
    measured = (*TIMED, "gops", *(f"layers[].{name}" for name in LAYER_TIMED))
    hardware = dict.fromkeys(measured, Kind.RTL) if engine is EngineName.RTL else {}
    if hardware and timed.frames[0].waits:
        hardware["layers[].stall_cycles"] = Kind.RTL
    return SimulateDocument(
        changed_kinds=hardware,
        model=model,
        target=target.name,
        engine=engine,
        frames=len(timed.frames),
        cycles=cycles,
        interval_cycles=interval,
        jitter_cycles=max(every) - min(every) if is_timed else None,
        macs=macs,
        macs_per_cycle_peak=target.macs_per_cycle,
        utilisation=macs / (cycles * target.macs_per_cycle) if cycles else None,
        interval_utilisation=macs / (interval * target.macs_per_cycle) if interval else None,
        dram_bytes=frame_bytes(counted) if is_timed else None,
        dram_bytes_minimum=minimum,
        roofline_efficiency=bound / cycles if cycles else None,
        clock_hz=target.clock_hz,
        latency_s=cycles / target.clock_hz if cycles else None,
        interval_s=interval / target.clock_hz if interval else None,
        frames_per_s=target.clock_hz / interval if interval else None,
        gops=2e-9 * macs * target.clock_hz / cycles if cycles else None,
        energy_j=spent.joules if spent else None,
        energy_low_j=spent.low if spent else None,
        energy_high_j=spent.high if spent else None,
        power_w=spent.watts if spent else None,
        energy_units_j={unit.unit: unit.joules for unit in spent.units} if spent else {},
        energy_basis=spent.basis if spent else None,
        energy=spent,
        layers=layers,
        output=output,
        notes=made.quantised.graph.notes if made.quantised else (),
    )


def _frame_table(document: SimulateDocument) -> Table:
    kinds = document.kinds
    rows = [
        ("cycles of a frame", document.cycles, kinds["cycles"]),
        ("cycles between frames", _whole(document.interval_cycles), kinds["interval_cycles"]),
        ("  they vary by", document.jitter_cycles, kinds["jitter_cycles"]),
        ("multiply-accumulates", document.macs, kinds["macs"]),
        ("utilisation", percent(document.utilisation), kinds["utilisation"]),
        ("roofline efficiency", percent(document.roofline_efficiency), kinds["roofline_efficiency"]),
        ("latency", si(document.latency_s, "s"), kinds["latency_s"]),
        ("throughput", si(document.frames_per_s, "frames/s"), kinds["frames_per_s"]),
        ("arithmetic", si(document.gops and document.gops * 1e9, "OP/s"), kinds["gops"]),
        ("DRAM bytes", document.dram_bytes, kinds["dram_bytes"]),
        ("DRAM bytes at least", document.dram_bytes_minimum, kinds["dram_bytes_minimum"]),
        *(document.energy.rows(kinds["energy_j"]) if document.energy else []),
    ]
    notes = [*note_lines(document.notes), f"Written to {document.output}." if document.output else ""]
    clock = si(document.clock_hz, "Hz")
    title = f"{document.model} on {document.target} at {clock}, engine {document.engine}"
    return facts(title, rows, "\n".join(note for note in notes if note))


def _whole(cycles: float | None) -> int | float | None:
    """A mean that is a whole number, as one."""
    return int(cycles) if cycles is not None and cycles.is_integer() else cycles


def _layer_table(document: SimulateDocument) -> Table:
    columns = ("layer", "operator", "cycles", "MACs", "utilisation", "DRAM bytes", "energy", "waits most for")
    rows = tuple(
        (
            layer.name,
            layer.op,
            layer.cycles,
            layer.macs,
            percent(layer.utilisation),
            layer.dram_bytes,
            si(layer.energy_j, "J"),
            layer.worst_stall(),
        )
        for layer in document.layers
    )
    cycles, energy = document.kinds["layers[].cycles"], document.kinds["layers[].energy_j"]
    title = f"layers (cycles {cycles}, MACs and DRAM bytes {Kind.COUNTED}, energy {energy})"
    return Table(title, columns, rows, _legend(document))


def _legend(document: SimulateDocument) -> str:
    """What the causes in the last column mean."""
    named = {(layer.worst_stall() or "").partition(" ")[0] for layer in document.layers}
    texts = [f"{cause.name.lower()}: {CAUSE_TEXTS[cause]}" for cause in Cause if cause.name.lower() in named]
    return "Cycles of all tiles together, waiting for\n  " + "\n  ".join(texts) if texts else ""
