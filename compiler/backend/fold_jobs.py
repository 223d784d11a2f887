"""Folding of units into JOBs: pointer moves from positions, then the outer and inner loops that repeat them."""

from dataclasses import dataclass, replace

from tileloom.compiler.backend.work import Unit
from tileloom.hw.spec import isa

LONGEST = 0xFFFF
"""Most repetitions that a loop field holds."""


@dataclass(frozen=True)
class Moves:
    """How a tile's pointers move after a unit: bases by, and tails by."""

    window: int
    window_free: int
    weights: int
    weights_free: int

    def minus(self, other: "Moves") -> "Moves":
        """Differences."""
        return Moves(
            self.window - other.window,
            self.window_free - other.window_free,
            self.weights - other.weights,
            self.weights_free - other.weights_free,
        )


@dataclass(frozen=True)
class FoldedJob:
    """A JOB without its mask, and the round of its first unit."""

    round: int
    job: isa.Job


def moves(units: list[Unit], window_end: int, weights_end: int) -> list[Moves]:
    """Pointer moves after each unit: to the next one's base, freeing what no later unit of the layer reads.

    ``window_end`` and ``weights_end`` are the heads at the layer's end, where the next layer begins. The units of a
    chain of chunks that share their window data free it together, behind the last one.
    """
    windows = [*(unit.window_base for unit in units), window_end]
    weights = [*(unit.weights_base for unit in units), weights_end]
    window_kept, weights_kept = kept_windows(units, window_end), kept_from(weights)
    return [
        Moves(
            windows[i + 1] - windows[i],
            window_kept[i + 1] - window_kept[i],
            weights[i + 1] - weights[i],
            weights_kept[i + 1] - weights_kept[i],
        )
        for i in range(len(units))
    ]


def kept_windows(units: list[Unit], window_end: int) -> list[int]:
    """What must be kept of the window before each unit's end and behind the last one, by position."""
    kept = kept_from([*(unit.window_base for unit in units), window_end])
    for i, unit in enumerate(units):
        if unit.chunk and not unit.own_window:
            kept[i] = kept[i - 1]
    return kept


def kept_from(positions: list[int]) -> list[int]:
    """For each position the least of it and all later ones: what must be kept."""
    least, found = positions[-1], []
    for position in reversed(positions):
        least = min(least, position)
        found.append(least)
    return found[::-1]


def fold(units: list[Unit], after: list[Moves]) -> list[FoldedJob]:
    """The JOBs of one tile, in order."""
    jobs: list[FoldedJob] = []
    position = 0
    while position < len(units):
        inner = _inner(units, after, position)
        assert len({after[position + i] for i in range(inner - 1)}) <= 1, "the units of a loop move alike"
        group = list(zip([_shape(unit) for unit in units[position : position + inner]], after[position:], strict=False))
        outer = 1
        while outer < LONGEST and _repeats(units, after, position, outer * inner, group):
            outer += 1
        jobs.append(FoldedJob(units[position].round, _job(units[position], after, position, inner, outer)))
        position += inner * outer
    return jobs


def _shape(unit: Unit) -> tuple[isa.Job, int, int]:
    return unit.template, unit.chunk if unit.chunks > 1 else 0, unit.chunks


def _inner(units: list[Unit], after: list[Moves], position: int) -> int:
    """Units of an inner loop: those with equal moves, and one more whose frees are not smaller."""
    first = units[position]
    if first.chunks > 1:
        return first.chunks
    count = 1
    while (
        count < LONGEST
        and position + count < len(units)
        and units[position + count].template == first.template
        and after[position + count - 1] == after[position]
    ):
        count += 1
    if count == 1:
        return 1
    extra = after[position + count - 1].minus(after[position])
    return count if extra.window_free >= 0 and extra.weights_free >= 0 else count - 1


def _repeats(
    units: list[Unit],
    after: list[Moves],
    position: int,
    start: int,
    group: list[tuple[tuple[isa.Job, int, int], Moves]],
) -> bool:
    start += position
    if start + len(group) > len(units):
        return False
    return all((_shape(units[start + i]), after[start + i]) == expected for i, expected in enumerate(group))


def _job(unit: Unit, after: list[Moves], position: int, inner: int, outer: int) -> isa.Job:
    if inner == 1:
        step, last = Moves(0, 0, 0, 0), after[position]
    else:
        step, last = after[position], after[position + inner - 1].minus(after[position])
    return replace(
        unit.template,
        outer=outer,
        inner=inner,
        window_inner=step.window,
        window_outer=last.window,
        window_free_inner=step.window_free,
        window_free_outer=last.window_free,
        weights_inner=step.weights,
        weights_outer=last.weights,
        weights_free_inner=step.weights_free,
        weights_free_outer=last.weights_free,
    )
