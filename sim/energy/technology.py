"""A technology: the table of energies that event counts are multiplied with, every number with its source."""

import difflib
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tileloom.sim.energy.figure import Figure

TABLES = Path(__file__).parent / "technologies"
DEFAULT = "asic45"
OPERATIONS = (*("multiply_8", "multiply_16", "multiply_18x16", "multiply_32x18", "multiply_48x18", "add_32", "add_48"),)
NUMBERS = (
    *(f"operation_pj.{name}" for name in OPERATIONS),
    *("register.clock_pj", "register.toggle_pj", "clock_root_pj", "line.pj_per_bit_mm"),
    *("area.memory_um2_per_bit", "area.register_um2_per_bit", "area.multiplier_um2_per_bit2"),
    *("dram_port.pj_per_64_bits", "dram.pj_per_64_bits"),
    *("leakage.register_nw", "leakage.multiplier_nw_per_bit2", "leakage.memory_nw_per_bit", "leakage.device_w"),
    "board.static_w",
)
"""What a table must hold besides ``title``, ``device`` and ``sram``; see the TOML files for meaning and sources."""


class TechnologyError(ValueError):
    """A technology that does not exist, or a table that cannot be used, in one sentence.

    ``technology`` is what was asked for, ``fix`` what helps.
    """

    technology: str = ""
    fix: str = "see `tileloom technologies` and `tileloom explain TL416`"


@dataclass(frozen=True)
class Number:
    """A number of the table and where it comes from; a figure's ``calibrated`` says that it was published."""

    name: str
    figure: Figure
    source: str


@dataclass(frozen=True)
class Technology:
    """Energies in picojoules, areas in square micrometres, static powers in watts and nanowatts."""

    name: str
    title: str
    device: str
    """``ASIC`` or ``FPGA``."""
    numbers: dict[str, Number]
    """By the names of :data:`NUMBERS`, and ``sram``, whose figure is the factor of its range."""
    sram_bytes: tuple[int, ...]
    sram_pj_per_64_bits: tuple[float, ...]

    def __getitem__(self, name: str) -> Figure:
        """The figure of that name."""
        return self.numbers[name].figure

    def operation(self, name: str) -> Figure:
        """Picojoules of one operation."""
        return self[f"operation_pj.{name}"]

    def sram_byte(self, size_bytes: float) -> Figure:
        """Picojoules of a byte read from or written to a memory of this size.

        Between the table's sizes, and beyond its last, by the power law through two neighbours; below the first with
        the law of the first two (for ``asic45``: the square root of the size).
        """
        sizes, energies = self.sram_bytes, self.sram_pj_per_64_bits
        upper = next((i for i, size in enumerate(sizes) if size >= size_bytes), len(sizes) - 1)
        i = max(1, upper)
        exponent = math.log(energies[i] / energies[i - 1]) / math.log(sizes[i] / sizes[i - 1])
        per_byte = energies[i - 1] * math.pow(size_bytes / sizes[i - 1], exponent) / 8
        return self["sram"] * per_byte

    @property
    def uncalibrated(self) -> tuple[str, ...]:
        """Names of the numbers that are our own estimates, those that are 0 left out."""
        return tuple(name for name, n in self.numbers.items() if not n.figure.calibrated and n.figure.high)


def technologies() -> list[str]:
    """Names of the tables that ship with tileloom."""
    return sorted(path.stem for path in TABLES.glob("*.toml"))


def load_technology(name_or_path: str | Path = DEFAULT) -> Technology:
    """A technology by name, or from a TOML file of the same form.

    Raises
    ------
    TechnologyError
        There is none of that name, or the file cannot be used.
    """
    try:
        return _load(Path(name_or_path))
    except TechnologyError as error:
        error.technology = str(name_or_path)
        raise


def _load(path: Path) -> Technology:
    if path.suffix != ".toml":
        name, known = str(path), technologies()
        path = TABLES / f"{name}.toml"
        if not path.exists():
            error = TechnologyError(f"a technology must be one of {', '.join(known)} or a .toml file, not {name!r}")
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            if near:
                error.fix = f"the nearest is {near[0]}"
            raise error
    try:
        return _technology(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise TechnologyError(f"technology file {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TechnologyError(f"technology file {path} is not valid TOML: {error}") from None
    except KeyError as error:
        raise TechnologyError(f"technology file {path} must have {error}") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise TechnologyError(f"technology file {path} is not of the form of asic45.toml: {error}") from None


def _technology(name: str, data: dict[str, Any]) -> Technology:
    numbers = {path: _number(path, _entry(data, path)) for path in NUMBERS}
    sram = data["sram"]
    sizes, energies = tuple(sram["bytes"]), tuple(sram["pj_per_64_bits"])
    if not len(sizes) == len(energies) >= 2:
        raise ValueError("sram must have an energy for each of at least two sizes")
    if list(sizes) != sorted(set(sizes)) or min(sizes) <= 0 or min(energies) <= 0:
        raise ValueError("the sizes of sram must rise and its energies must be positive")
    band = {"value": 1.0, "low": sram["low_factor"], "high": sram["high_factor"]}
    numbers["sram"] = _number("sram", {**sram, **band})
    if data["device"] not in ("ASIC", "FPGA"):
        raise ValueError(f"device must be ASIC or FPGA, not {data['device']!r}")
    return Technology(name, str(data["title"]), data["device"], numbers, sizes, energies)


def _entry(data: dict[str, Any], path: str) -> dict[str, Any]:
    found: Any = data
    for part in path.split("."):
        if part not in found:
            raise KeyError(path)
        found = found[part]
    return dict(found)


def _number(name: str, entry: dict[str, Any]) -> Number:
    value, low, high = float(entry["value"]), float(entry["low"]), float(entry["high"])
    if not 0 <= low <= value <= high < math.inf:
        raise ValueError(f"{name} must lie within low .. high and not be negative, not {value} within {low} .. {high}")
    if not isinstance(entry["uncalibrated"], bool):
        raise ValueError(f"uncalibrated of {name} must be true or false")
    source = str(entry["source"])
    if not source.strip():
        raise ValueError(f"{name} must name its source")
    return Number(name, Figure(value, low, high, not entry["uncalibrated"]), source)
