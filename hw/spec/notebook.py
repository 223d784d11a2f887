"""How results, programs and targets show themselves in a notebook: one small table each, with everything escaped."""

from collections.abc import Iterable, Sequence
from html import escape

ROWS = 40
"""Rows of a table at most; what is left out is counted."""
CELL = "padding:2px 10px;text-align:{side};vertical-align:top"

Value = str | int | float | bool | None


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Value]], note: str = "") -> str:
    """A table as HTML that needs nothing else: no script, no style sheet, no reference.

    >>> table("a < b", ("n",), [(1234,)])
    '<div><p><b>a &lt; b</b></p><table>...<td style="...text-align:right...">1,234</td></tr></tbody></table></div>'
    """
    every = list(rows)
    shown = every[:ROWS]
    sides = ["right" if any(_is_number(row[i]) for row in shown) else "left" for i in range(len(columns))]
    head = "".join(_cell("th", name, side) for name, side in zip(columns, sides, strict=True))
    body = "".join(
        f"<tr>{''.join(_cell('td', _text(value), side) for value, side in zip(row, sides, strict=True))}</tr>"
        for row in shown
    )
    more = [f"{len(every) - len(shown):,} more rows are not shown."] if len(every) > len(shown) else []
    words = "".join(f"<p>{escape(line)}</p>" for line in (*more, *note.splitlines()) if line)
    caption = f"<p><b>{escape(title)}</b></p>" if title else ""
    header = f"<thead><tr>{head}</tr></thead>" if any(columns) else ""
    drawn = f"<table>{header}<tbody>{body}</tbody></table>" if columns else ""
    return f"<div>{caption}{drawn}{words}</div>"


def _cell(tag: str, content: str, side: str) -> str:
    return f'<{tag} style="{CELL.format(side=side)}">{escape(content)}</{tag}>'


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Value) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else value
