"""Nests: which element goes where, compressed into loops.

A copy is given as two lists of element addresses, from and to. The machine's transfers run through loops of constant
strides, so that the lists are taken apart into as few nests of such loops as a greedy search finds. Any pair of lists
has nests: at worst one for each element.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Loop:
    """``count`` repetitions, each so many elements further on in source and target."""

    count: int
    source: int
    target: int


@dataclass(frozen=True)
class Nest:
    """Elements ``source + sum(i * loop.source)`` go to ``target + sum(i * loop.target)``; loops innermost first."""

    source: int
    target: int
    loops: tuple[Loop, ...] = ()

    @property
    def elements(self) -> int:
        """Number of elements copied."""
        total = 1
        for loop in self.loops:
            total *= loop.count
        return total

    def upwards(self) -> "Nest":
        """The same copies with every target stride positive, loops in the order of those strides."""
        source, target, loops = self.source, self.target, []
        for loop in self.loops:
            if loop.target < 0:
                source += (loop.count - 1) * loop.source
                target += (loop.count - 1) * loop.target
                loop = Loop(loop.count, -loop.source, -loop.target)
            loops.append(loop)
        return Nest(source, target, tuple(sorted(loops, key=lambda loop: loop.target)))

    def addresses(self) -> tuple[Indices, Indices]:
        """Source and target address of every element."""
        source, target = np.array([self.source]), np.array([self.target])
        for loop in self.loops:
            steps = np.arange(loop.count)[:, None]
            source = (source + steps * loop.source).reshape(-1)
            target = (target + steps * loop.target).reshape(-1)
        return source, target


def nests(source: Indices, target: Indices) -> list[Nest]:
    """Nests that copy element ``source[i]`` to ``target[i]`` for every ``i``, found in the order given.

    >>> nests(np.array([0, 1, 16, 17]), np.array([4, 5, 6, 7]))
    [Nest(source=0, target=4, loops=(Loop(count=2, source=1, target=1), Loop(count=2, source=16, target=2)))]
    """
    shapes: list[tuple[Loop, ...]] = [()]
    shape = np.zeros(len(source), np.int64)
    while len(source) > 1:
        firsts, counts = _runs(source, target, shape)
        if len(firsts) == len(source):
            break
        found: dict[tuple[int, int, int, int], int] = {}
        after = np.minimum(firsts + 1, len(source) - 1)
        keys = np.stack([shape[firsts], counts, source[after] - source[firsts], target[after] - target[firsts]], 1)
        kinds, number = np.unique(keys, axis=0, return_inverse=True)
        for i, (before, count, step, move) in enumerate(kinds.tolist()):
            if count == 1:
                found[(before, 1, 0, 0)] = before
                kinds[i] = (before, 1, 0, 0)
                continue
            found[(before, count, step, move)] = len(shapes)
            shapes.append((*shapes[before], Loop(count, step, move)))
        renamed = np.array([found[tuple(kind)] for kind in kinds.tolist()])[number.reshape(-1)]
        order = np.argsort(renamed, kind="stable")
        source, target, shape = source[firsts][order], target[firsts][order], renamed[order]
    return [Nest(s, t, shapes[n]) for s, t, n in zip(source.tolist(), target.tolist(), shape.tolist(), strict=True)]


def _runs(source: Indices, target: Indices, shape: Indices) -> tuple[Indices, Indices]:
    """First item and length of each run of items of one shape at one distance, from left to right.

    A pair in front of a longer run is left apart: its second item most likely begins that run.
    """
    steps = np.stack([np.diff(source), np.diff(target)])
    alike = shape[1:] == shape[:-1]
    changes = np.flatnonzero((steps[:, 1:] != steps[:, :-1]).any(axis=0) | ~alike[1:] | ~alike[:-1]) + 1
    begins = np.concatenate([[0], changes])
    ends = np.concatenate([changes, [len(source) - 1]])
    last = np.repeat(ends, ends - begins).tolist()
    same = alike.tolist()
    firsts, counts, i, items = [], [], 0, len(source)
    while i < items:
        count = 1
        if i < items - 1 and same[i]:
            end = last[i]
            count = end - i + 1
            if count == 2 and end < items - 1 and same[end] and last[end] > end + 1:
                count = 1
        firsts.append(i)
        counts.append(count)
        i += count
    return np.array(firsts), np.array(counts)
