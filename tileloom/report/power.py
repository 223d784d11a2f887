"""Energy by unit of the machine, as bars with their ranges; memory and board apart from the chip."""

from tileloom.energy_figures import EnergyFigures, Power, UnitEnergy
from tileloom.report.palette import SERIES
from tileloom.report.svg import drawing, line, rectangle, text
from tileloom.sim.energy.charges import MEMORY
from tileloom.tables import percent, si

LEFT, WIDTH, ROW = 170.0, 330.0, 22.0
RIGHT = 190.0
"""Place for the figures behind a bar."""
CHIP, OUTSIDE = SERIES[0], SERIES[1]


def power(energy: EnergyFigures | None) -> str:
    """The drawing: a bar for each unit, the largest first, a line for its range; sums, technology and board below.

    Empty where a run has no energy.
    """
    if energy is None:
        return ""
    units = sorted(energy.units, key=lambda unit: -unit.joules)
    scale = WIDTH / max(unit.high for unit in units)
    parts = [part for index, unit in enumerate(units) for part in _unit(unit, index * ROW, scale)]
    y = len(units) * ROW + 26
    for words in sums(energy):
        parts.append(text(0, y, words, "small"))
        y += 18
    return drawing(LEFT + WIDTH + RIGHT, y - 8, "Energy of a frame by unit of the machine", parts)


def sums(energy: EnergyFigures) -> list[str]:
    """What stands below the bars, a line each."""
    total = f"{_band(energy.joules, energy.low, energy.high, 'J')}, of it on the chip {si(energy.chip_joules, 'J')}"
    found = [
        f"Technology {energy.technology}: {energy.title}",
        f"Frame: {total}; {si(energy.watts, 'W')} one after another, {si(energy.gops_per_watt * 1e9, 'OP/s')} a watt",
    ]
    if energy.at_rate is not None:
        found.append(f"At {energy.frames_per_second:g} frames a second: {_watts(energy.at_rate)}")
    if energy.board_static.high:
        told = "" if energy.board_static.calibrated else ", uncalibrated"
        found.append(f"Board, static, apart from all this: {_watts(energy.board_static)}{told}")
    return [*found, "* uncalibrated: at least one number behind the bar is our own estimate"]


def _unit(unit: UnitEnergy, y: float, scale: float) -> list[str]:
    bar, middle = unit.joules * scale, y + ROW / 2
    band = _band(unit.joules, unit.low, unit.high, "J")
    told = "calibrated" if unit.calibrated else "uncalibrated"
    colour = OUTSIDE if unit.unit == MEMORY else CHIP
    shown = f"{si(unit.joules, 'J')}, {percent(unit.share)}{'' if unit.calibrated else ' *'}"
    return [
        text(LEFT - 8, y + ROW - 7, unit.unit, "small", "end"),
        rectangle(LEFT, y + 3, max(bar, 0.5), ROW - 6, colour, f"{unit.unit}: {band}, {told}"),
        line(((LEFT + unit.low * scale, middle), (LEFT + unit.high * scale, middle)), "axis"),
        text(LEFT + unit.high * scale + 6, y + ROW - 7, shown, "small"),
    ]


def _watts(power: Power) -> str:
    return _band(power.watts, power.low, power.high, "W")


def _band(value: float, low: float, high: float, unit: str) -> str:
    return f"{si(value, unit)} ({si(low, unit)} to {si(high, unit)})"
