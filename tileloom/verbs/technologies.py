"""``technologies``: the tables of energies that ship with tileloom, or every number of one with its source."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tileloom.document import Document, Kind
from tileloom.sim.energy.technology import Technology, load_technology
from tileloom.sim.energy.technology import technologies as names
from tileloom.tables import Table


@dataclass(frozen=True)
class TechnologyRow:
    """One table; ``uncalibrated`` of its ``numbers`` are our own estimates, the others are published."""

    name: str
    title: str
    device: str
    numbers: int
    uncalibrated: int


@dataclass(frozen=True)
class NumberRow:
    """One number with its range; units are in its name."""

    name: str
    value: float
    low: float
    high: float
    calibrated: bool
    source: str


@dataclass(frozen=True, kw_only=True)
class TechnologiesDocument(Document):
    """The tables; the numbers of one where one was named.

    Of ``sram``, whose numbers depend on the size, the row gives the factors of the range.
    """

    command: ClassVar[str] = "technologies"
    table: ClassVar[Mapping[str, Kind]] = {
        "technologies": Kind.COUNTED,
        "numbers": Kind.GIVEN,
        "sram_bytes": Kind.GIVEN,
        "sram_pj_per_64_bits": Kind.GIVEN,
    }
    technologies: tuple[TechnologyRow, ...]
    numbers: tuple[NumberRow, ...] = ()
    sram_bytes: tuple[int, ...] = ()
    sram_pj_per_64_bits: tuple[float, ...] = ()

    def tables(self) -> list[Table]:
        """One row a table of energies; one a number."""
        columns = ("name", "device", "title", "numbers", "uncalibrated")
        rows = tuple((row.name, row.device, row.title, row.numbers, row.uncalibrated) for row in self.technologies)
        found = [Table("", columns, rows)]
        if self.numbers:
            given = zip(self.sram_bytes, self.sram_pj_per_64_bits, strict=True)
            note = "sram: " + ", ".join(f"{pj:g} pJ for 64 bits of {size:,} bytes" for size, pj in given)
            headings = ("number", "value", "from", "to", "", "source")
            numbers = tuple(
                (n.name, n.value, n.low, n.high, "calibrated" if n.calibrated else "uncalibrated", n.source)
                for n in self.numbers
            )
            found.append(Table("", headings, numbers, note))
        return found


def technologies(technology: str | Path | None = None) -> TechnologiesDocument:
    """Every table that ships with tileloom, or only ``technology`` (a name or a TOML file) with all its numbers.

    Raises ``TechnologyError``.
    """
    if technology is None:
        return TechnologiesDocument(technologies=tuple(_row(load_technology(name)) for name in names()))
    table = load_technology(technology)
    numbers = (
        NumberRow(n.name, n.figure.value, n.figure.low, n.figure.high, n.figure.calibrated, n.source)
        for n in table.numbers.values()
    )
    return TechnologiesDocument(
        technologies=(_row(table),),
        numbers=tuple(numbers),
        sram_bytes=table.sram_bytes,
        sram_pj_per_64_bits=table.sram_pj_per_64_bits,
    )


def _row(table: Technology) -> TechnologyRow:
    return TechnologyRow(table.name, table.title, table.device, len(table.numbers), len(table.uncalibrated))
