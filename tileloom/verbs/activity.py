"""``activity``: a frame on the RTL with its switching activity, and energy by activity beside energy by events."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tileloom.activity.build import Trace, verilog_of
from tileloom.activity.trace import END, Window, run_traced
from tileloom.compilation import compiled
from tileloom.document import Document, Kind
from tileloom.energy_figures import technology_of
from tileloom.engines import require_rtl, run_cycle
from tileloom.files import require_writable
from tileloom.frames import Given, arrays_of, calibration_of, frames_for
from tileloom.model_argument import Model, find
from tileloom.progress import Watch, unwatched
from tileloom.refusal import refuse
from tileloom.sim.activity.compare import BY_CYCLES, Run, compare
from tileloom.sim.activity.measure import measure
from tileloom.sim.activity.netlist import read_netlist
from tileloom.sim.activity.saif import read_saif
from tileloom.sim.energy.factors import load_factors
from tileloom.sim.energy.model import energy_of_events
from tileloom.tables import Table, percent, si

if TYPE_CHECKING:
    from tileloom.compiler.calibration_data import Calibration

SMALL_SHARE = 0.01
"""Units below this share of the activity-based energy are shown, but not held to any agreement."""
COUNTED = ("frame_cycles", "units[].register_bits")
BY_RTL = ("cycles", "units[].toggle_rate")
ESTIMATED = ("units[].activity_j", "units[].events_j", "units[].ratio", "units[].share", "by_cycles_j")


@dataclass(frozen=True)
class UnitRow:
    """One unit of the machine, all tiles together, its clock left out.

    ``toggle_rate`` is the number of changes a register bit and cycle. ``events_j`` and ``ratio`` (events over activity)
    are None where the window is not the whole frame, as events are counted for whole frames.
    """

    unit: str
    register_bits: int
    toggle_rate: float | None
    activity_j: float
    events_j: float | None
    ratio: float | None
    share: float


@dataclass(frozen=True, kw_only=True)
class ActivityDocument(Document):
    """The units, largest first, and what goes with cycles and bytes the same both ways."""

    command: ClassVar[str] = "activity"
    table: ClassVar[Mapping[str, Kind]] = {
        **dict.fromkeys(COUNTED, Kind.COUNTED),
        "frame_cycles": Kind.RTL,
        "window": Kind.GIVEN,
        **dict.fromkeys(BY_RTL, Kind.RTL),
        **dict.fromkeys(ESTIMATED, Kind.ESTIMATED),
    }
    model: str
    target: str
    technology: str
    frame_cycles: int
    window: tuple[int, int] | None
    """Cycles from and up to (not included); None: the whole frame."""
    cycles: int
    """Of the window."""
    units: tuple[UnitRow, ...]
    by_cycles_j: dict[str, float]
    """Clock, leakage and memory of the whole frame; empty for a part of it."""
    counted_on: str
    """What the factors of the event-based energy were calibrated on."""
    files: tuple[str, ...]

    def tables(self) -> list[Table]:
        """One row a unit."""
        columns = ("unit", "register bits", "changes a bit and cycle", "by activity", "by events", "ratio", "share")
        rows = tuple(
            (
                row.unit,
                row.register_bits or None,
                None if row.toggle_rate is None else f"{row.toggle_rate:.4f}",
                si(row.activity_j, "J"),
                si(row.events_j, "J"),
                None if row.ratio is None else f"{row.ratio:.2f}",
                percent(row.share),
            )
            for row in self.units
        )
        lines = [f"{self.cycles:,} of {self.frame_cycles:,} cycles (RTL); energies estimated with {self.technology}."]
        if self.by_cycles_j:
            told = ", ".join(f"{unit} {si(joules, 'J')}" for unit, joules in self.by_cycles_j.items())
            lines.append(f"The same both ways, from cycles and bytes: {told}.")
            lines.append(f"Events: factors calibrated on {self.counted_on or 'nothing'}.")
        lines += [f"Written: {name}" for name in self.files]
        return [Table(f"{self.model} on {self.target}, switching activity", columns, rows, "\n".join(lines))]


def activity(
    model: Model,
    *,
    target: str | Path | None = None,
    input: Given | None = None,
    calibration: "Given | Calibration | None" = None,
    seed: int = 0,
    window: str | None = None,
    technology: str | None = None,
    saif: str | Path | None = None,
    watch: Watch = unwatched,
) -> ActivityDocument:
    """Run one frame on the traced RTL; the first of ``input``, else random data.

    ``window`` is ``FIRST:LAST``, cycles from the start strobe, the last not included; None: the whole frame. ``saif``
    takes the activity file. Raises ``ModelError``, ``ProgramError``, ``TargetError`` or ``TechnologyError``.
    """
    table = technology_of(technology)
    require_rtl()
    if saif is not None:
        require_writable(Path(saif))
    chosen = None if window is None else read_window(window)
    argument = find(model)
    given = arrays_of(input)
    made = compiled(argument, target, calibration_of(calibration), given, seed, watch)
    data = frames_for(made.inputs, given, 1, seed, argument)
    counted = run_cycle(made.program, 1, watch=watch)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "activity.saif") if saif is None else Path(saif)
        result, library = run_traced(made.program, data.codes, path, Trace.SAIF, chosen, lambda line: watch(line, 0, 0))
        frame = result.frames[0].cycles
        if chosen is not None and chosen.first >= frame:
            rule = f"the window must begin within the frame's {frame:,} cycles"
            raise refuse("TL409", "--window", rule, str(window), "take an earlier one")
        watch("counting what changed", 0, 0)
        told = read_saif(path)
    clock_ps = max(1, round(1e12 / made.program.target.clock_hz))
    found = measure(read_netlist(verilog_of(library)), told, clock_ps)
    whole = chosen is None
    run = Run(argument.name, made.program.target, counted.events, counted.frames[0].cycles, found)
    spent = energy_of_events(run.events, run.cycles, run.target, table).units if whole else {}
    cycles = frame if chosen is None else min(chosen.last, frame + 1) - chosen.first
    return ActivityDocument(
        model=argument.name,
        target=made.program.target.name,
        technology=table.name,
        frame_cycles=frame,
        window=None if chosen is None else (chosen.first, chosen.last),
        cycles=cycles,
        units=tuple(
            UnitRow(
                row.unit,
                row.register_bits,
                found[row.unit].toggle_rate(told.duration / clock_ps),
                row.activity_j,
                row.events_j if whole else None,
                row.ratio if whole else None,
                row.share,
            )
            for row in compare(run, table)
        ),
        by_cycles_j={unit: spent[unit].value for unit in BY_CYCLES if whole},
        counted_on=load_factors().counted_on,
        files=() if saif is None else (str(saif),),
    )


def read_window(text: str) -> Window:
    """The window of ``FIRST:LAST``; LAST may be left out.

    >>> read_window("100:250")
    Window(first=100, last=250)
    """
    first, colon, last = text.partition(":")
    if colon and first.isdecimal() and (not last or last.isdecimal()):
        window = Window(int(first), int(last) if last else END)
        if window.first < window.last:
            return window
    rule = "a window must be FIRST:LAST in cycles, the first below the last"
    raise refuse("TL409", "--window", rule, text, "write, for example, 1000:2000")
