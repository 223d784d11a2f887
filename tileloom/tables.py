"""Tables as data, and the one place that draws them on a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console

Cell = str | int | float | bool | None
WORD = 20
"""Longer words may be broken where a terminal is narrow."""
FIGURE = frozenset("0123456789.,~+-")
NARROW = 4
"""Where all is too much, columns get as narrow as this."""


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
        sides, widths = _layout(table, console.width)
        if table.title:
            console.print(Text(table.title, style="table.title"), highlight=False)
        drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, sides))
        for index, column in enumerate(table.columns):
            right = any(_is_number(row[index]) for row in table.rows)
            justify: Literal["left", "right"] = "right" if right else "left"
            width = None if widths is None else widths[index]
            drawn.add_column(column, justify=justify, overflow="fold", width=width)
        for row in table.rows:
            drawn.add_row(*(Text(_text(cell)) for cell in row))
        console.print(drawn)
        if table.note:
            console.print(Text(table.note), highlight=False)


def _layout(table: Table, room: int) -> tuple[int, list[int] | None]:
    """Blanks on each side of a cell, and the width of each column; None where the table is too much for ``room``.

    Texts are wrapped first, then blanks left out, then words broken, and only then numbers.
    """
    count = len(table.columns)
    least = [_least_width(table, index) for index in range(count)]
    texts = [not any(_is_number(row[index]) for row in table.rows) for index in range(count)]
    widths = [max(len(table.columns[index]), *_lines(table, index), 1) for index in range(count)]
    broken = [max(NARROW, _figures(table, index)) if texts[index] else least[index] for index in range(count)]
    for sides, limits in ((1, least), (0, least), (0, broken), (0, [min(each, NARROW) for each in least])):
        over = sum(widths) + (2 * sides + 1) * count + 1 - room
        while over > 0:
            index = max(range(count), key=lambda index: (widths[index] > limits[index], widths[index]))
            if widths[index] <= limits[index]:
                break
            widths[index] -= 1
            over -= 1
        if over <= 0:
            return sides, widths
    return 0, None


def _figures(table: Table, index: int) -> int:
    """The longest figure among a column's texts, ``~61.2`` or ``83,456`` say."""
    words = [word for row in table.rows for word in _text(row[index]).split()]
    return max((len(word) for word in words if len(word) <= WORD and set(word) <= FIGURE), default=0)


def _lines(table: Table, index: int) -> list[int]:
    """Lengths of a column's lines."""
    return [len(line) for row in table.rows for line in _text(row[index]).splitlines()]


def _least_width(table: Table, index: int) -> int:
    """Characters that a column needs so that neither numbers nor words break; long words, as of paths, may.

    >>> table = Table("", ("DRAM bytes", "source"), ((1234567, "a/very/long/path/to/a/network.py:18"),))
    >>> _least_width(table, 0), _least_width(table, 1)
    (9, 6)
    """
    words = [*table.columns[index].split(), *(_text(row[index]) for row in table.rows if _is_number(row[index]))]
    cells = [word for row in table.rows for word in _text(row[index]).split()]
    return max((len(word) for word in (*words, *(cell for cell in cells if len(cell) <= WORD))), default=1)


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
