"""A technology: the table of energies that event counts are multiplied with, every number with its source."""

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLES = Path(__file__).parent


class TechnologyError(ValueError):
    """A technology that does not exist, or a table that cannot be used, in one sentence."""


@dataclass(frozen=True)
class Figure:
    """A number with the range that it may lie in."""

    value: float
    low: float
    high: float

    def __mul__(self, factor: float) -> "Figure":
        return Figure(self.value * factor, self.low * factor, self.high * factor)

    def __add__(self, other: "Figure") -> "Figure":
        """The sum; ranges add, as errors of one table go together."""
        return Figure(self.value + other.value, self.low + other.low, self.high + other.high)

    def times(self, other: "Figure") -> "Figure":
        """The product of two positive figures."""
        return Figure(self.value * other.value, self.low * other.low, self.high * other.high)


NOTHING = Figure(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Source:
    """Where a number of the table comes from."""

    name: str
    source: str
    uncalibrated: bool
    """Our own estimate, not a published figure."""


@dataclass(frozen=True)
class Technology:
    """Energies in picojoules; see the TOML files beside this module for their meaning and sources."""

    name: str
    title: str
    operations_pj: dict[str, Figure]
    sram_bytes: tuple[int, ...]
    sram_pj_per_64_bits: tuple[float, ...]
    sram_factors: Figure
    dram_pj_per_byte: Figure
    overhead: Figure
    leakage_watts_per_mac: Figure
    sources: tuple[Source, ...]

    def operation(self, name: str) -> Figure:
        """Picojoules of one operation."""
        return self.operations_pj[name]

    def sram_byte(self, size_bytes: int) -> Figure:
        """Picojoules of a byte read from or written to a memory of this size.

        Between the table's sizes, and beyond its last, by the power law through two neighbours; below the first with
        the law of the first two (here: the square root of the size).
        """
        sizes, energies = self.sram_bytes, self.sram_pj_per_64_bits
        upper = next((i for i, size in enumerate(sizes) if size >= size_bytes), len(sizes) - 1)
        i = max(1, upper)
        exponent = math.log(energies[i] / energies[i - 1]) / math.log(sizes[i] / sizes[i - 1])
        per_byte = energies[i - 1] * math.pow(size_bytes / sizes[i - 1], exponent) / 8
        return self.sram_factors * per_byte


def technologies() -> list[str]:
    """Names of the tables that ship with tileloom."""
    return sorted(path.stem for path in TABLES.glob("*.toml"))


def load_technology(name_or_path: str | Path) -> Technology:
    """A technology by name, or from a TOML file of the same form."""
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = TABLES / f"{name_or_path}.toml"
        if not path.exists():
            known = ", ".join(technologies())
            raise TechnologyError(f"technology {str(name_or_path)!r} is not known; use one of {known} or a .toml file")
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
    operations, sram, dram = data["operation_pj"], data["sram"], data["dram"]
    overhead, leakage = data["overhead"], data["leakage"]
    if not len(sram["bytes"]) == len(sram["pj_per_64_bits"]) >= 2:
        raise ValueError("sram must have an energy for each of at least two sizes")
    tables = {**operations, "sram": sram, "dram": dram, "overhead": overhead, "leakage": leakage}
    return Technology(
        name=name,
        title=str(data["title"]),
        operations_pj={key: _figure(entry, "value") for key, entry in operations.items()},
        sram_bytes=tuple(sram["bytes"]),
        sram_pj_per_64_bits=tuple(sram["pj_per_64_bits"]),
        sram_factors=Figure(1.0, sram["low_factor"], sram["high_factor"]),
        dram_pj_per_byte=_figure(dram, "pj_per_64_bits") * (1 / 8),
        overhead=_figure(overhead, "share"),
        leakage_watts_per_mac=_figure(leakage, "watts_per_mac"),
        sources=tuple(Source(key, str(entry["source"]), bool(entry["uncalibrated"])) for key, entry in tables.items()),
    )


def _figure(entry: dict[str, Any], key: str) -> Figure:
    figure = Figure(float(entry[key]), float(entry["low"]), float(entry["high"]))
    if not 0 <= figure.low <= figure.value <= figure.high:
        raise ValueError(f"{key} must lie within low .. high, not {figure.value} within {figure.low} .. {figure.high}")
    return figure
