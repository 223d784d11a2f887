"""Memory and map buffer over time: which layer's feature maps lie where, from when to when."""

from collections.abc import Sequence
from dataclasses import dataclass

from tileloom.hw.spec.isa import Space
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.result import FrameTiming
from tileloom.report.lives import Holding, Span, in_cycles, lives, occupancy
from tileloom.report.palette import SERIES
from tileloom.report.svg import cycle_axis, drawing, rectangle, text
from tileloom.tables import percent, si

LEFT, WIDTH, HEIGHT = 70.0, 1000.0, 150.0
COLOURS = {Holding.INPUT: SERIES[1], Holding.MAP: SERIES[0], Holding.OUTPUT: SERIES[2]}


@dataclass(frozen=True)
class Occupied:
    """One space over a frame."""

    name: str
    capacity: int
    """Bytes that there are."""
    peak: int
    """Bytes in use at the busiest time."""
    peak_cycle: int
    drawing: str

    @property
    def words(self) -> str:
        """The peak as a sentence."""
        share = percent(self.peak / self.capacity) if self.capacity else ""
        return (
            f"At most {si(self.peak, 'B')} of {si(self.capacity, 'B')} in use ({share}), from cycle {self.peak_cycle:,}"
        )


def occupied(program: Program, frame: FrameTiming) -> list[Occupied]:
    """Map buffer and memory, each only where feature maps lie in it.

    Of memory the capacity is the part that holds feature maps; weights and instructions lie below it all the time.
    """
    spans = in_cycles(lives(program), program, frame)
    found = []
    for space, name in ((Space.MAP, "map buffer"), (Space.MEMORY, "memory")):
        own = [span for span in spans if span.life.space == space and span.end > span.start]
        if not own:
            continue
        low = 0 if space == Space.MAP else min(span.life.start for span in own)
        high = program.target.map_bytes if space == Space.MAP else max(span.life.end for span in own)
        cycle, peak = max(occupancy(spans, space), key=lambda step: (step[1], -step[0]))
        found.append(Occupied(name, high - low, peak, cycle, _drawn(own, frame.cycles, low, high, name)))
    return found


def constant_bytes(program: Program) -> int:
    """Bytes of instructions and weights, which lie in memory all the time."""
    return len(program.instruction_bytes) + len(program.weights)


def _drawn(spans: Sequence[Span], cycles: int, low: int, high: int, name: str) -> str:
    across, down = WIDTH / cycles, HEIGHT / max(high - low, 1)
    parts = [f'<rect class="empty" x="{LEFT:g}" y="4" width="{WIDTH:g}" height="{HEIGHT:g}"/>']
    for span in spans:
        life = span.life
        size = life.end - life.start
        title = f"{life.maker}: {life.holding}, {size:,} bytes, cycles {span.start:,} to {span.end:,}"
        place = (LEFT + span.start * across, 4 + (life.start - low) * down)
        extent = (max((span.end - span.start) * across, 0.6), max(size * down, 0.6))
        parts.append(rectangle(*place, *extent, COLOURS[life.holding], title, "life"))
    parts.append(text(LEFT - 8, 14, "0", "small", "end"))
    parts.append(text(LEFT - 8, HEIGHT + 4, si(float(high - low), "B") or "", "small", "end"))
    parts += cycle_axis(cycles, across, LEFT, HEIGHT + 26)
    return drawing(LEFT + WIDTH + 10, HEIGHT + 34, f"What lies in the {name} over the cycles of one frame", parts)
