"""The floor plan: the grid of tiles as a heat map, and how busy the lines between tiles and memory are."""

from collections.abc import Mapping

from tileloom.hw.spec.config import Target
from tileloom.hw.spec.registers import Cause
from tileloom.hw.spec.result import FrameTiming
from tileloom.report.palette import heat, ink
from tileloom.report.svg import drawing, rectangle, text
from tileloom.tables import percent

CELL, GAP = 92.0, 8.0
LINES = {
    "activations from memory": "memory_activation_bytes",
    "weights from memory": "memory_weight_bytes",
    "program from memory": "memory_program_bytes",
    "results to memory": "memory_result_bytes",
    "out of the map buffer": "map_bytes_read",
    "into the map buffer": "map_bytes_written",
}
"""What passes the lines, and the event that counts its bytes."""


def floor(target: Target, frame: FrameTiming) -> str:
    """The drawing: busy share of every tile, what it waits for most, and its share of the tiles' energy.

    A tile's energy is taken to follow the cycles in which it computes.
    """
    parts = []
    running = sum(stalls.get(Cause.RUN, 0) for stalls in frame.stalls) or 1
    for tile, stalls in enumerate(frame.stalls):
        x = (tile % target.tiles_x) * (CELL + GAP)
        y = (tile // target.tiles_x) * (CELL + GAP)
        busy = stalls.get(Cause.RUN, 0) / frame.cycles
        waits = {cause: cycles for cause, cycles in stalls.items() if cause is not Cause.RUN and cycles}
        worst = max(waits, key=lambda cause: waits[cause], default=None)
        reason = f"{worst.name.lower()} {percent(waits[worst] / frame.cycles)}" if worst is not None else "no wait"
        title = f"tile {tile}: busy {percent(busy)}; " + ", ".join(
            f"{cause.name.lower()} {percent(cycles / frame.cycles)}" for cause, cycles in sorted(waits.items())
        )
        parts.append(rectangle(x, y, CELL, CELL, heat(busy), title))
        style = f'fill="{ink(busy)}"'
        for offset, content, css in (
            (18.0, f"tile {tile}", "small"),
            (48.0, percent(busy) or "", "big"),
            (66.0, reason, "small"),
            (82.0, f"energy {percent(stalls.get(Cause.RUN, 0) / running)}", "small"),
        ):
            parts.append(text(x + CELL / 2, y + offset, content, css, "middle").replace("<text ", f"<text {style} ", 1))
    width = target.tiles_x * (CELL + GAP) - GAP
    height = target.tiles_y * (CELL + GAP) - GAP
    return drawing(width, height, "Share of the cycles in which each tile of the grid computes", parts)


def line_shares(target: Target, events: Mapping[str, int], cycles: int) -> dict[str, float]:
    """Share of what each line can carry in a frame: bytes through it by cycles times its width."""
    room = cycles * target.port_bytes
    return {name: events.get(event, 0) / room for name, event in LINES.items()}
