"""Energy: event counts times a table of sourced figures. An estimate, with its range; nothing is measured here."""

from collections.abc import Mapping
from dataclasses import dataclass

from tileloom.hw.spec.config import Target
from tileloom.hw.spec.result import Result
from tileloom.sim.energy.charges import CHARGES, EVENTS, MEMORY
from tileloom.sim.energy.technology import NOTHING, Figure, Source, Technology, TechnologyError, load_technology

OVERHEAD, LEAKAGE = "clock and control", "leakage"
PICO = 1e-12


@dataclass(frozen=True)
class EnergyReport:
    """Energy of one frame."""

    technology: str
    title: str
    units: dict[str, Figure]
    """Joules by unit; their sum is ``joules``."""
    seconds: float
    """Time of the frame, which leakage and power rest on."""
    sources: tuple[Source, ...]

    @property
    def joules(self) -> Figure:
        """The whole frame, memory included."""
        return sum(self.units.values(), NOTHING)

    @property
    def chip_joules(self) -> Figure:
        """The frame without external memory."""
        return sum((figure for unit, figure in self.units.items() if unit != MEMORY), NOTHING)

    @property
    def watts(self) -> Figure:
        """Mean power during the frame."""
        return self.joules * (1 / self.seconds)

    @property
    def uncalibrated(self) -> tuple[str, ...]:
        """Numbers of the table that are our own estimates."""
        return tuple(source.name for source in self.sources if source.uncalibrated)

    @property
    def basis(self) -> str:
        """One sentence on what the figure is worth."""
        total = self.joules
        down, up = (round(100 * abs(edge / total.value - 1)) if total.value else 0 for edge in (total.low, total.high))
        return (
            f"event counts times the table {self.technology!r} ({self.title}); range -{down} % .. +{up} %; "
            f"not calibrated: {', '.join(self.uncalibrated) or 'nothing'}"
        )


def energy(result: Result, target: Target, technology: str | Technology = "asic45") -> EnergyReport:
    """Energy of one frame of a result that has event counts and cycles (the cycle simulator's).

    Raises
    ------
    TechnologyError
        The technology is unknown, or the result lacks counts or cycles.
    """
    if not result.frames:
        raise TechnologyError(f"energy needs the cycles of a frame, which engine {result.engine!r} does not give")
    return energy_of_events(result.events, result.frames[0].cycles, target, technology)


def energy_of_events(
    events: Mapping[str, int], cycles: int, target: Target, technology: str | Technology = "asic45"
) -> EnergyReport:
    """Energy of counted events that take ``cycles`` together: of a frame, or of a layer."""
    table = technology if isinstance(technology, Technology) else load_technology(technology)
    missing = sorted(EVENTS - set(events))
    if missing:
        raise TechnologyError(f"energy needs counts of {', '.join(missing)}, which the result does not have")
    units: dict[str, Figure] = {}
    for charge in CHARGES:
        joules = charge.cost(target, table) * (events[charge.event] * PICO)
        units[charge.unit] = units.get(charge.unit, NOTHING) + joules
    on_chip = sum((figure for unit, figure in units.items() if unit != MEMORY), NOTHING)
    seconds = cycles / target.clock_hz
    units[OVERHEAD] = on_chip.times(table.overhead)
    units[LEAKAGE] = table.leakage_watts_per_mac * (target.macs_per_cycle * seconds)
    return EnergyReport(table.name, table.title, units, seconds, table.sources)


__all__ = ["EnergyReport", "energy", "energy_of_events"]
