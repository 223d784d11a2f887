"""Tables as data, and the one place that draws them on a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Table:
    """Rows under headings; numbers go to the right, None is drawn as a dash.

    ``note`` is text below; a table without columns is that text alone.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def facts(title: str, rows: Sequence[tuple[str, Cell, str]], note: str = "") -> Table:
    """A table of single figures: what, value, kind; those without a value are left out."""
    return Table(title, ("", "value", "kind"), tuple(row for row in rows if row[1] is not None), note)


def si(value: float | None, unit: str, digits: int = 3) -> str | None:
    """A number with an SI prefix.

    >>> si(0.0001234, "s"), si(2.5e9, "OP/s"), si(0.0, "W"), si(None, "J")
    ('123 us', '2.50 GOP/s', '0.00 W', None)
    """
    if value is None:
        return None
    prefixes = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"), (1e-12, "p"))
    scale, prefix = next(((s, p) for s, p in prefixes if abs(value) >= s * 0.9995), (1.0, ""))
    scaled = value / scale
    whole = len(str(int(abs(scaled))))
    return f"{scaled:.{max(digits - whole, 0)}f} {prefix}{unit}"


def percent(value: float | None) -> str | None:
    """A share in percent.

    >>> percent(0.9123)
    '91.2 %'
    """
    return None if value is None else f"{100 * value:.1f} %"


def decibels(value: float | None) -> str:
    """A signal-to-noise ratio; None where there is no noise at all.

    >>> decibels(31.25), decibels(None)
    ('31.2 dB', 'exact')
    """
    return "exact" if value is None else f"{round(value, 1) + 0.0:.1f} dB"


def draw(tables: Sequence[Table], console: "Console") -> None:
    """Draw the tables one below the other."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    for table in tables:
        if not table.columns:
            console.print(Text(table.note), highlight=False)
            continue
        drawn = RichTable(title=table.title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for index, column in enumerate(table.columns):
            right = any(_is_number(row[index]) for row in table.rows)
            drawn.add_column(column, justify="right" if right else "left", overflow="fold")
        for row in table.rows:
            drawn.add_row(*(Text(_text(cell)) for cell in row))
        console.print(drawn)
        if table.note:
            console.print(Text(table.note), highlight=False)


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:.4g}" if isinstance(cell, float) else cell
