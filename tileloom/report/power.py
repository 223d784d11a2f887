"""Energy by unit of the machine, as bars."""

from collections.abc import Mapping

from tileloom.report.palette import SERIES
from tileloom.report.svg import drawing, rectangle, text
from tileloom.tables import percent, si

LEFT, WIDTH, ROW = 170.0, 330.0, 22.0


def power(units: Mapping[str, float]) -> str:
    """The drawing: a bar for each unit, the largest first; joules and share of the frame beside it."""
    total = sum(units.values()) or 1.0
    rows = sorted(units.items(), key=lambda item: -item[1])
    largest = rows[0][1] if rows and rows[0][1] else 1.0
    parts = []
    for index, (unit, joules) in enumerate(rows):
        y = index * ROW
        bar = WIDTH * joules / largest
        parts.append(text(LEFT - 8, y + ROW - 7, unit, "small", "end"))
        parts.append(rectangle(LEFT, y + 3, max(bar, 0.5), ROW - 6, SERIES[0], f"{unit}: {joules:.3e} J"))
        shown = f"{si(joules, 'J')}, {percent(joules / total)}"
        parts.append(text(LEFT + bar + 6, y + ROW - 7, shown, "small"))
    return drawing(LEFT + WIDTH + 130, len(rows) * ROW + 4, "Energy of a frame by unit of the machine", parts)
