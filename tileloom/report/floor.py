"""The floor plan: memory, smart DMA, lines and the grid of tiles, with what occupies each; the grid as heat maps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import CAUSE_TEXTS, Cause
from tileloom.hw.spec.result import FrameTiming
from tileloom.report.palette import heat, is_hot
from tileloom.report.svg import drawing, line, text, warm
from tileloom.sim.cycle.masks import tiles_of
from tileloom.tables import percent

CELL, GAP = 84.0, 12.0
BOX, SPACE = 92.0, 116.0
"""Width of memory, map buffer and DMA, and of the lines between them."""
SMALL = 46.0


@dataclass(frozen=True)
class Heat:
    """One quantity over the grid, by tile."""

    title: str
    explanation: str
    kind: str
    drawing: str


@dataclass(frozen=True)
class Lines:
    """How much of the frame each line or port carries something, 0 .. 1.

    The memory port, the map buffer's ports and the weight line by their bytes against bytes a cycle; line A by the
    elements that the loader sends, one a cycle; line O by the beats read out of output slots.
    """

    memory_reads: float
    memory_writes: float
    map_reads: float
    map_writes: float
    activations: float
    weights: float
    results: float
    local: Mapping[int, float]
    """By sending tile, cycles in which it sends partial sums to the next one; only those that do."""


def occupied_lines(program: Program, events: Mapping[str, int], cycles: int) -> Lines:
    """Occupancy of a frame of so many cycles."""
    width = cycles * program.target.port_bytes
    reads = ("memory_program_bytes", "memory_activation_bytes", "memory_weight_bytes")
    return Lines(
        sum(events.get(name, 0) for name in reads) / width,
        events.get("memory_result_bytes", 0) / width,
        events.get("map_bytes_read", 0) / width,
        events.get("map_bytes_written", 0) / width,
        events.get("elements", 0) / cycles,
        events.get("memory_weight_bytes", 0) / width,
        events.get("slot_beats_read", 0) / cycles,
        {tile: sent / cycles for tile, sent in _sent(program).items()},
    )


def _sent(program: Program) -> dict[int, int]:
    """Pixels whose partial sums each tile sends to its neighbour; a pixel takes a cycle of the local line."""
    sent: dict[int, int] = {}
    for job in program.instructions:
        if isinstance(job, isa.Job) and job.to_neighbour:
            pixels = job.groups * job.pixels_y * job.pixels_x * job.sub_y * job.sub_x
            units = job.outer * (1 if job.chunked else job.inner)
            for tile in tiles_of(job.mask, program.target.tiles):
                sent[tile] = sent.get(tile, 0) + units * pixels
    return sent


def floor(program: Program, frame: FrameTiming, lines: Lines) -> str:
    """The drawing of the whole machine; colours and numbers are shares of the frame's cycles."""
    target = program.target
    width = target.tiles_x * (CELL + GAP) - GAP
    height = max(target.tiles_y * (CELL + GAP) - GAP, 168.0)
    left = 2 * (BOX + SPACE)
    grid_top = (height - target.tiles_y * (CELL + GAP) + GAP) / 2
    middle = height / 2
    parts = [
        *_box(0, 0, height / 2 - 6, "memory"),
        *_box(0, height / 2 + 6, height / 2 - 6, "map buffer"),
        *_box(BOX + SPACE, 0, height, "smart DMA"),
        f'<rect class="frame" x="{left - 10:g}" y="-10" width="{width + 20:g}" height="{height + 20:g}" rx="8"/>',
    ]
    near, far = (BOX, BOX + SPACE), (2 * BOX + SPACE, left - 10)
    for (start, end), y, share, words in (
        (near, middle * 0.30, lines.memory_reads, "reads"),
        (near[::-1], middle * 0.75, lines.memory_writes, "writes"),
        (near, middle * 1.25, lines.map_reads, "reads"),
        (near[::-1], middle * 1.70, lines.map_writes, "writes"),
        (far, height * 0.18, lines.activations, "activations"),
        (far, height * 0.50, lines.weights, "weights"),
        (far[::-1], height * 0.82, lines.results, "results"),
    ):
        parts += _arrow(start, end, y, share, words)
    for tile, stalls in enumerate(frame.stalls):
        x = left + (tile % target.tiles_x) * (CELL + GAP)
        y = grid_top + (tile // target.tiles_x) * (CELL + GAP)
        parts += _tile(tile, stalls, frame.cycles, x, y)
        if tile in lines.local:
            share = lines.local[tile]
            title = f"partial sums from tile {tile} to tile {tile + 1}: {percent(share)} of the cycles"
            parts.append(warm(x + CELL, y + CELL / 2 - 5, GAP, 10, heat(share), title))
    label = "The machine: memories, smart DMA, lines and tiles, each with the share of cycles in which it is busy"
    return drawing(left + width + 22, height + 24, label, [f'<g transform="translate(1 12)">{"".join(parts)}</g>'])


def _box(x: float, y: float, height: float, words: str) -> list[str]:
    shape = f'<rect class="box" x="{x:g}" y="{y:g}" width="{BOX:g}" height="{height:g}" rx="6"/>'
    return [shape, text(x + BOX / 2, y + height / 2 + 4, words, "", "middle")]


def _arrow(start: float, tip: float, y: float, share: float, words: str) -> list[str]:
    """A line with its occupancy, the thicker the busier."""
    back = 7 if tip > start else -7
    thick = 1.5 + 8 * min(share, 1.0)
    title = f"{words}: busy in {percent(share)} of the cycles"
    shaft = line([(start, y), (tip - back, y)], "line", f"stroke-width:{thick:.1f}")
    head = line([(tip - back, y - 6), (tip, y), (tip - back, y + 6)], "head")
    return [
        f"<g><title>{title}</title>{shaft}{head}</g>",
        text((start + tip) / 2, y - 9, f"{words} {percent(share)}", "small", "middle"),
    ]


def _tile(tile: int, stalls: Mapping[Cause, int], cycles: int, x: float, y: float) -> list[str]:
    busy = stalls.get(Cause.RUN, 0) / cycles
    waits = {cause: count for cause, count in stalls.items() if cause is not Cause.RUN and count}
    worst = max(waits, key=lambda cause: waits[cause], default=None)
    title = f"tile {tile}: busy {percent(busy)}; " + ", ".join(
        f"{cause.name.lower()} {percent(count / cycles)}" for cause, count in sorted(waits.items())
    )
    parts = [warm(x, y, CELL, CELL, heat(busy), title)]
    rows = [(20.0, f"tile {tile}", "small"), (46.0, percent(busy) or "", "big")]
    if worst is not None:
        rows += [(62.0, f"waits: {worst.name.lower()}", "small"), (76.0, percent(waits[worst] / cycles) or "", "small")]
    hot = " hot" if is_hot(busy) else ""
    return [*parts, *(text(x + CELL / 2, y + at, words, f"{css}{hot}", "middle") for at, words, css in rows)]


def heat_maps(
    target: Target, frame: FrameTiming, kind: str, energy: Sequence[float] | None, energy_kind: str
) -> list[Heat]:
    """The grid once for each quantity that occurs: busy, each cause of stalls, and energy.

    ``energy`` has the joules of each tile; its colour is the share of the tile that takes most.
    """
    maps = []
    for cause in Cause:
        shares = [stalls.get(cause, 0) / frame.cycles for stalls in frame.stalls]
        if any(shares):
            title = "busy" if cause is Cause.RUN else f"stalled: {cause.name.lower()}"
            words = [f"{100 * share:.0f} %" for share in shares]
            maps.append(Heat(title, CAUSE_TEXTS[cause], kind, _grid(target, title, shares, words)))
    if energy and max(energy):
        total = sum(energy)
        shares = [joules / max(energy) for joules in energy]
        words = [f"{100 * joules / total:.0f} %" for joules in energy]
        maps.append(Heat("energy", "share of all tiles' energy", energy_kind, _grid(target, "energy", shares, words)))
    return maps


def _grid(target: Target, title: str, shares: Sequence[float], words: Sequence[str]) -> str:
    parts = []
    for tile, (share, word) in enumerate(zip(shares, words, strict=True)):
        x, y = (tile % target.tiles_x) * (SMALL + 3), (tile // target.tiles_x) * (SMALL * 0.62 + 3)
        parts.append(warm(x, y, SMALL, SMALL * 0.62, heat(share), f"tile {tile}, {title}: {word}"))
        css = "small hot" if is_hot(share) else "small"
        parts.append(text(x + SMALL / 2, y + SMALL * 0.31 + 4, word, css, "middle"))
    width, height = target.tiles_x * (SMALL + 3) - 3, target.tiles_y * (SMALL * 0.62 + 3) - 3
    return drawing(width, height, f"{title}, tile by tile", parts)
