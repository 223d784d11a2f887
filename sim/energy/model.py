"""Energy: event counts times a table of sourced figures. An estimate, with its range; ``docs/energy.md`` tells more."""

from collections.abc import Mapping
from dataclasses import dataclass

from tileloom.hw.spec.config import Target
from tileloom.hw.spec.result import Result
from tileloom.sim.energy.charges import CHARGES, CYCLES, DRIVERS, EVENTS, MEMORY, besides, driven, memory_bits
from tileloom.sim.energy.factors import Factors, load_factors
from tileloom.sim.energy.figure import NOTHING, Figure
from tileloom.sim.energy.registers import register_bits
from tileloom.sim.energy.technology import DEFAULT, Technology, TechnologyError, load_technology

CLOCK, LEAKAGE = "clock", "leakage"
STEADY = (CLOCK, LEAKAGE)
"""Units that take power all the time, whether the machine works or waits."""
PICO, NANO = 1e-12, 1e-9


@dataclass(frozen=True)
class EnergyReport:
    """Energy of one frame."""

    technology: Technology
    units: dict[str, Figure]
    """Joules by unit of the machine, :data:`MEMORY` included; the board is not among them."""
    seconds: float
    """Time of the frame, which clock, leakage and power rest on."""
    board_watts: Figure
    """What the board takes beside its chip and memory traffic; never part of a sum here."""

    @property
    def joules(self) -> Figure:
        """The whole frame: chip and external memory, without the board."""
        return sum(self.units.values(), NOTHING)

    @property
    def chip_joules(self) -> Figure:
        """The frame without external memory."""
        return sum((figure for unit, figure in self.units.items() if unit != MEMORY), NOTHING)

    @property
    def watts(self) -> Figure:
        """Mean power during the frame, without the board."""
        return self.joules * (1 / self.seconds)

    def watts_at(self, frames_per_second: float) -> Figure:
        """Mean power at a frame rate: clock and leakage all the time, everything else with each frame.

        The clock is taken to run between frames, too. The rate must not exceed what the machine can do.
        """
        steady = sum((self.units[unit] for unit in STEADY), NOTHING) * (1 / self.seconds)
        moving = sum((figure for unit, figure in self.units.items() if unit not in STEADY), NOTHING)
        return steady + moving * frames_per_second

    @property
    def basis(self) -> str:
        """One sentence on what the figure is worth."""
        total = self.joules
        down, up = (round(100 * abs(edge / total.value - 1)) if total.value else 0 for edge in (total.low, total.high))
        mine = [unit for unit, figure in self.units.items() if not figure.calibrated and figure.high]
        return (
            f"event counts times the table {self.technology.name!r} ({self.technology.title}); range -{down} % .. "
            f"+{up} %; uncalibrated: {', '.join(mine) or 'nothing'}"
        )


def energy(result: Result, target: Target, technology: str | Technology = DEFAULT) -> EnergyReport:
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
    events: Mapping[str, int],
    cycles: int,
    target: Target,
    technology: str | Technology = DEFAULT,
    factors: Factors | None = None,
) -> EnergyReport:
    """Energy of counted events that take ``cycles`` together: of a frame, or of a layer.

    ``factors`` tell what the hardware does with each event (None: those that were calibrated on its RTL).
    """
    table = technology if isinstance(technology, Technology) else load_technology(technology)
    known = factors or load_factors()
    missing = sorted(EVENTS - set(events))
    if missing:
        raise TechnologyError(f"energy needs counts of {', '.join(missing)}, which the result does not have")
    counts = {**events, CYCLES: cycles}
    units: dict[str, Figure] = {}
    for charge in CHARGES:
        cost = charge.cost(target, table)
        if charge.unit != MEMORY:
            cost = cost.times(known.of(charge.unit, charge.part))
        units[charge.unit] = units.get(charge.unit, NOTHING) + cost * (counts[charge.event] * PICO)
    for unit in dict.fromkeys(driver.unit for driver in DRIVERS):
        toggles = known.toggles(unit) * driven(unit, counts, target)
        toggles += known.besides(unit) * besides(unit, counts, target)
        units[unit] = units.get(unit, NOTHING) + toggles.times(table["register.toggle_pj"]) * PICO
    seconds = cycles / target.clock_hz
    registers = register_bits(target)
    clock = registers.times(table["register.clock_pj"]) + table["clock_root_pj"]
    units[CLOCK] = clock * (cycles * PICO)
    units[LEAKAGE] = leakage_watts(target, table) * seconds
    return EnergyReport(table, units, seconds, table["board.static_w"])


def leakage_watts(target: Target, table: Technology) -> Figure:
    """Power of the chip at rest, its clock stopped."""
    multipliers = target.macs_per_cycle * target.activation_bits * target.weight_bits
    watts = table["leakage.register_nw"].times(register_bits(target)) * NANO
    watts += table["leakage.multiplier_nw_per_bit2"] * (multipliers * NANO)
    watts += table["leakage.memory_nw_per_bit"] * (memory_bits(target) * NANO)
    return watts + table["leakage.device_w"]


__all__ = ["EnergyReport", "energy", "energy_of_events", "leakage_watts"]
