"""The timeline: what every tile does in every cycle of a frame, and which layer is at work."""

from collections.abc import Sequence
from dataclasses import dataclass

from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import Cause
from tileloom.hw.spec.result import FrameTiming
from tileloom.layer_figures import layer_ends
from tileloom.report.palette import CAUSE_COLOURS, LAYER_COLOURS
from tileloom.report.svg import cycle_axis, drawing, rectangle, text

BINS = 600
"""Columns of the drawing; each shows what most of its cycles went to."""
LEFT, WIDTH, ROW, STRIP = 70.0, 1000.0, 18.0, 22.0


@dataclass(frozen=True)
class Spent:
    """Cycles of one tile in one column of the drawing, by cause; they sum to the column's length."""

    cycles: dict[Cause, float]

    def most(self) -> Cause:
        """The cause that took most; at a tie the one with the lower number."""
        return max(self.cycles, key=lambda cause: (self.cycles[cause], -cause))


def binned(frame: FrameTiming, tiles: int, bins: int = BINS) -> list[list[Spent]]:
    """For every tile and column the cycles by cause; cycles 1 .. ``frame.cycles`` fall into equal columns."""
    count = min(bins, frame.cycles)
    width = frame.cycles / count
    found: list[list[dict[Cause, float]]] = [[{} for _ in range(count)] for _ in range(tiles)]
    for wait in frame.waits:
        start, end = float(wait.start - 1), wait.end - 1
        column = int(start / width)
        while start < end and column < count:
            until = min(end, (column + 1) * width)
            cell = found[wait.tile][column]
            cell[wait.cause] = cell.get(wait.cause, 0.0) + max(until - start, 0.0)
            start, column = until, column + 1
    return [[_completed(cell, width) for cell in row] for row in found]


def _completed(cell: dict[Cause, float], width: float) -> Spent:
    return Spent({**cell, Cause.RUN: width - sum(cell.values())})


def timeline(program: Program, frame: FrameTiming) -> str:
    """The drawing: a strip of layers above a row a tile."""
    tiles = program.target.tiles
    rows = binned(frame, tiles)
    scale = WIDTH / frame.cycles
    top = STRIP + 14
    parts = _layers(program, frame, scale)
    for tile, row in enumerate(rows):
        y = top + tile * ROW
        parts.append(text(LEFT - 8, y + ROW - 5, f"tile {tile}", "small", "end"))
        parts += _runs(row, y)
    height = top + tiles * ROW + 22
    parts += cycle_axis(frame.cycles, scale, LEFT, height - 8)
    return drawing(LEFT + WIDTH + 10, height, "What each tile does over the cycles of one frame", parts)


def _runs(row: Sequence[Spent], y: float) -> list[str]:
    """Rectangles of one tile: neighbouring columns of one cause are one."""
    width = WIDTH / len(row)
    parts, start = [], 0
    for column in range(1, len(row) + 1):
        cause = row[start].most()
        if column < len(row) and row[column].most() == cause:
            continue
        x = LEFT + start * width
        parts.append(rectangle(x, y, (column - start) * width, ROW - 2, CAUSE_COLOURS[cause]))
        start = column
    return parts


def _layers(program: Program, frame: FrameTiming, scale: float) -> list[str]:
    parts, start = [], 0
    for index, (layer, end) in enumerate(zip(program.jobs, layer_ends(program, frame), strict=True)):
        title = f"{layer.name} ({layer.op}): cycles {start:,} to {end:,}"
        colour = LAYER_COLOURS[index % 2]
        parts.append(rectangle(LEFT + start * scale, 4, max((end - start) * scale, 0.3), STRIP - 4, colour, title))
        start = end
    return [text(LEFT - 8, STRIP - 5, "layer", "small", "end"), *parts]
