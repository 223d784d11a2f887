"""Event-based and activity-based energy side by side by unit, and the factors that bring the first to the second."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tileloom.hw.spec.config import Target
from tileloom.sim.activity.measure import UnitActivity, joules, transfer_pj
from tileloom.sim.energy.charges import CHARGES, CYCLES, MEMORY, Part, besides, driven
from tileloom.sim.energy.factors import Factors, UnitFactors
from tileloom.sim.energy.figure import NOTHING, Figure
from tileloom.sim.energy.model import CLOCK, LEAKAGE, energy_of_events
from tileloom.sim.energy.technology import Technology

BY_CYCLES = (CLOCK, LEAKAGE, MEMORY)
"""Units that switching activity does not tell: they go with cycles and bytes, the same both ways."""


@dataclass(frozen=True)
class Run:
    """One frame, whole: its counts by the cycle simulator, and its activity in the RTL."""

    name: str
    target: Target
    events: Mapping[str, int]
    cycles: int
    activity: Mapping[str, UnitActivity]

    @property
    def counts(self) -> dict[str, int]:
        """The events with the cycles."""
        return {**self.events, CYCLES: self.cycles}


@dataclass(frozen=True)
class UnitComparison:
    """One unit of one run; ``share`` is that of the activity-based energy of all units compared."""

    unit: str
    events_j: float
    activity_j: float
    share: float
    register_bits: int
    toggle_rate: float | None

    @property
    def ratio(self) -> float | None:
        """Event-based over activity-based energy; None where there is none of the latter."""
        return self.events_j / self.activity_j if self.activity_j else None


def compare(run: Run, table: Technology, factors: Factors | None = None) -> list[UnitComparison]:
    """The units of a run, largest first."""
    spent = energy_of_events(run.events, run.cycles, run.target, table, factors).units
    told = {unit: joules(unit, found, run.target, table).value for unit, found in run.activity.items()}
    total = sum(told.values())
    rows = [
        UnitComparison(
            unit,
            spent[unit].value if unit in spent else 0.0,
            told[unit],
            told[unit] / total if total else 0.0,
            found.register_bits,
            found.toggle_rate(run.cycles),
        )
        for unit, found in run.activity.items()
    ]
    return sorted(rows, key=lambda row: -row.activity_j)


def calibrate(runs: Sequence[Run], table: Technology) -> Factors:
    """Factors with which the event counts of ``runs`` together come to their activity.

    Shares of arithmetic and accesses are weighted with the energies of ``table``. Toggles and transfers have two
    numbers each: those with the least sum of squared relative errors that are not negative. The range is that of a
    run's unit against its own calibration, units below 1 % of their run left out.
    """
    names = list(dict.fromkeys(unit for run in runs for unit in run.activity))
    units = {name: _unit(name, runs, table) for name in names}
    found = Factors(units, 1.0, 1.0, ", ".join(run.name for run in runs))
    ratios = [1 / row.ratio for run in runs for row in compare(run, table, found) if row.ratio and row.share >= 0.01]
    return Factors(units, min(1.0, *ratios), max(1.0, *ratios), found.counted_on)


def _unit(name: str, runs: Sequence[Run], table: Technology) -> UnitFactors:
    of_unit = [(run, run.activity[name]) for run in runs if name in run.activity]
    arithmetic = sum((found.arithmetic_pj(table) for _, found in of_unit), NOTHING).value
    accesses = sum((found.accesses_pj(table) for _, found in of_unit), NOTHING).value
    moved = [transfer_pj(name, found, run.target, table).value for run, found in of_unit]
    sizes = [[_by_events(name, part, [run], table) for part in (Part.WEIGHTS, Part.TRANSFER)] for run, _ in of_unit]
    weights, transfer = _two(sizes, moved) if any(moved) else (1.0, 1.0)
    toggles, steady = _two(
        [(driven(name, run.counts, run.target), besides(name, run.counts, run.target)) for run, _ in of_unit],
        [float(found.register_toggles) for _, found in of_unit],
    )
    return UnitFactors(
        arithmetic=_share(arithmetic, _by_events(name, Part.ARITHMETIC, runs, table)),
        accesses=_share(accesses, _by_events(name, Part.ACCESSES, runs, table)),
        weights=round(weights, 4),
        transfer=round(transfer, 4),
        toggles=round(toggles, 4),
        besides=round(steady, 4),
    )


def _by_events(unit: str, part: Part, runs: Sequence[Run], table: Technology) -> float:
    """Picojoules of a part by the events alone."""
    costs: list[Figure] = [
        charge.cost(run.target, table) * run.counts[charge.event]
        for run in runs
        for charge in CHARGES
        if charge.unit == unit and charge.part is part
    ]
    return sum(costs, NOTHING).value


def _share(measured: float, expected: float) -> float:
    return round(measured / expected, 4) if expected else 1.0


def _two(sizes: Sequence[Sequence[float]], wanted: Sequence[float]) -> tuple[float, float]:
    """Two numbers, none negative, that make ``a * x + b * y`` equal to what is wanted, in relative least squares."""
    rows = [(x / z, y / z) for (x, y), z in zip(sizes, wanted, strict=True) if z]
    xx, xy, yy = (sum(r[i] * r[j] for r in rows) for i, j in ((0, 0), (0, 1), (1, 1)))
    sx, sy = (sum(r[i] for r in rows) for i in (0, 1))
    determinant = xx * yy - xy * xy
    alone = [(sx / xx if xx else 0.0, 0.0), (0.0, sy / yy if yy else 0.0)]
    both = (
        ((sx * yy - sy * xy) / determinant, (sy * xx - sx * xy) / determinant)
        if determinant > 1e-12 * xx * yy
        else None
    )
    if both is not None and min(both) >= 0:
        return both
    return min(alone, key=lambda pair: sum((pair[0] * x + pair[1] * y - 1) ** 2 for x, y in rows))
