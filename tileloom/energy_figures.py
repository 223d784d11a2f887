"""The energy figures of a document: by unit, with their ranges, the board apart, at a frame rate."""

from collections.abc import Mapping
from dataclasses import dataclass

from tileloom.document import Kind
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.result import Result
from tileloom.refusal import refuse
from tileloom.sim.energy.figure import Figure
from tileloom.sim.energy.model import EnergyReport, energy
from tileloom.sim.energy.technology import DEFAULT, Technology, load_technology
from tileloom.tables import Table, percent, si


@dataclass(frozen=True)
class UnitEnergy:
    """One unit of the machine in one frame; ``memory`` is the DRAM device, everything else stands on the chip.

    ``calibrated`` is true where every number behind the figure is published or counted, false where one is our own
    estimate.
    """

    unit: str
    joules: float
    low: float
    high: float
    share: float
    calibrated: bool


@dataclass(frozen=True)
class Power:
    """Watts with their range."""

    watts: float
    low: float
    high: float
    calibrated: bool


@dataclass(frozen=True)
class EnergyFigures:
    """Of one frame on one technology.

    ``joules`` and ``watts`` are those of chip and memory traffic; ``board_static`` is what the board takes beside them
    all the time, and is part of no other figure. ``at_rate`` is the mean power with ``frames_per_second`` frames a
    second, the clock running between them; None where no rate was asked for.
    """

    technology: str
    title: str
    joules: float
    low: float
    high: float
    calibrated: bool
    chip_joules: float
    watts: float
    gops_per_watt: float
    units: tuple[UnitEnergy, ...]
    board_static: Power
    frames_per_second: float | None
    at_rate: Power | None
    basis: str

    def rows(self, kind: str) -> list[tuple[str, str | None, str]]:
        """What a table of single figures shows."""
        told = f"{kind}, {'calibrated' if self.calibrated else 'uncalibrated'}"
        board = self.board_static
        rate = self.at_rate
        found: list[tuple[str, str | None, str]] = [
            ("energy of a frame, chip and memory", si(self.joules, "J"), told),
            ("  it may lie between", f"{si(self.low, 'J')} and {si(self.high, 'J')}", told),
            ("  of it on the chip", si(self.chip_joules, "J"), told),
            ("power, one frame after another", si(self.watts, "W"), told),
            ("arithmetic a watt", si(self.gops_per_watt * 1e9, "OP/s/W"), told),
        ]
        if rate is not None:
            found.append((f"power at {self.frames_per_second:g} frames/s", _band(rate), told))
        if board.high:
            apart = f"{kind}, {'calibrated' if board.calibrated else 'uncalibrated'}"
            found.append(("board, static, apart from all above", _band(board), apart))
        return found

    def table(self) -> Table:
        """A row for each unit, the largest first."""
        columns = ("unit", "energy", "from", "to", "share", "numbers")
        rows = tuple(
            (
                *(unit.unit, si(unit.joules, "J"), si(unit.low, "J"), si(unit.high, "J"), percent(unit.share)),
                "calibrated" if unit.calibrated else "uncalibrated",
            )
            for unit in sorted(self.units, key=lambda unit: -unit.joules)
        )
        title = f"energy of a frame by unit, {self.title} ({Kind.ESTIMATED})"
        return Table(title, columns, rows, f"Energy: {self.basis}.")


def kinds(prefix: str) -> Mapping[str, Kind]:
    """Kinds of the figures where a document holds them as field ``prefix``."""
    return {prefix: Kind.ESTIMATED, f"{prefix}.frames_per_second": Kind.GIVEN}


def figures_of(
    result: Result,
    target: Target,
    macs: int,
    technology: str | Technology = DEFAULT,
    frames_per_second: float | None = None,
) -> EnergyFigures:
    """The figures of a result of the cycle engine.

    Raises
    ------
    TechnologyError
        The technology cannot be used.
    ModelError
        The machine cannot do so many frames a second.
    """
    spent = energy(result, target, technology)
    total = spent.joules
    most = 1 / spent.seconds
    if frames_per_second is not None and not 0 < frames_per_second <= most:
        rule = f"the frame rate must be above 0 and at most the {most:,.1f} frames/s of the machine"
        raise refuse("TL409", "--frames-per-second", rule, f"{frames_per_second:g}", "take a lower rate")
    at_rate = None if frames_per_second is None else _power(spent.watts_at(frames_per_second))
    return EnergyFigures(
        technology=spent.technology.name,
        title=spent.technology.title,
        joules=total.value,
        low=total.low,
        high=total.high,
        calibrated=total.calibrated,
        chip_joules=spent.chip_joules.value,
        watts=spent.watts.value,
        gops_per_watt=2e-9 * macs / total.value,
        units=_units(spent),
        board_static=_power(spent.board_watts),
        frames_per_second=frames_per_second,
        at_rate=at_rate,
        basis=spent.basis,
    )


def technology_of(name: str | None) -> Technology:
    """The technology that an option names; None: the usual one."""
    return load_technology(DEFAULT if name is None else name)


def _units(spent: EnergyReport) -> tuple[UnitEnergy, ...]:
    total = spent.joules.value
    return tuple(
        UnitEnergy(unit, figure.value, figure.low, figure.high, figure.value / total, figure.calibrated)
        for unit, figure in spent.units.items()
        if figure.high
    )


def _power(figure: Figure) -> Power:
    return Power(figure.value, figure.low, figure.high, figure.calibrated)


def _band(power: Power) -> str:
    return f"{si(power.watts, 'W')} ({si(power.low, 'W')} to {si(power.high, 'W')})"
