"""What the hardware does with every event: how much its arithmetic, memories and registers are really at work.

Six numbers a unit, counted in simulations of the RTL with switching activity (``tileloom activity``) and therefore
free of any technology. ``factors.toml`` says on which network and target they were counted.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tileloom.sim.energy.figure import Figure

TABLE = Path(__file__).parent / "factors.toml"


@dataclass(frozen=True)
class UnitFactors:
    """Of one unit.

    Parameters
    ----------
    arithmetic : bits of results that change, as a share of those that change with random operands
    accesses : bytes that memories read and write, as a share of what the events say
    weights, transfer : bits of lines or port that change, as a share of those of random words: of weights, and of
        everything else
    toggles : register bits that change for each unit of the unit's drivers
    besides : register bits that change in every cycle besides, in each instance of the unit (control: with every pixel)
    """

    arithmetic: float = 1.0
    accesses: float = 1.0
    weights: float = 1.0
    transfer: float = 1.0
    toggles: float = 0.0
    besides: float = 0.0


@dataclass(frozen=True)
class Factors:
    """Of all units, and how far they may be off on another network or target."""

    units: dict[str, UnitFactors]
    low: float
    high: float
    counted_on: str
    """Network, target and data of the calibration; empty for factors that were not counted."""

    def of(self, unit: str, part: str) -> Figure:
        """Factor of a charge's part."""
        return self._figure(getattr(self.units.get(unit, UnitFactors()), part))

    def toggles(self, unit: str) -> Figure:
        """Register bits that change for each unit of the unit's drivers."""
        return self._figure(self.units.get(unit, UnitFactors()).toggles)

    def besides(self, unit: str) -> Figure:
        """Register bits that change in every cycle besides, in each instance (of control: with every pixel)."""
        return self._figure(self.units.get(unit, UnitFactors()).besides)

    def _figure(self, value: float) -> Figure:
        return Figure(value, value * self.low, value * self.high, bool(self.counted_on))


UNCOUNTED = Factors({}, 1.0, 1.0, "")
"""Every operation at full activity, every event one access, and no register changes."""


@cache
def load_factors(path: Path = TABLE) -> Factors:
    """The factors of a file in the form of ``factors.toml``."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    units = {str(name): UnitFactors(**{k: float(v) for k, v in row.items()}) for name, row in data["units"].items()}
    return Factors(units, float(data["low"]), float(data["high"]), str(data["counted_on"]))
