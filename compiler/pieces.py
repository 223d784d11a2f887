"""From a table of elements to few pieces: which elements of one map go where in another, as nested loops.

Movement operators say for each element of a value which element of a map it is. :func:`pieces_of` finds the loops
behind such a table: per axis where the axes are independent of each other, else along the flattened table. A loop nest
deeper than the three loops of a :class:`tileloom.compiler.graph.Piece` becomes several pieces.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import Piece

Indices = npt.NDArray[np.int64]

PIECES = 1 << 16
"""More pieces than this are not made."""
_SHIFT = 31
"""Source and target are counted as one number, ``source << 31 + target``: both below 2**30, so that differences are
unambiguous."""


class TooManyPieces(Exception):
    """A table without enough regularity."""


@dataclass(frozen=True)
class _Block:
    """``start + sum(index * step)`` over nested loops of ``(count, step)``, outermost first."""

    start: int
    loops: tuple[tuple[int, int], ...] = ()


def pieces_of(name: str, sources: Indices, targets: Indices) -> tuple[Piece, ...]:
    """Pieces that copy element ``sources[i]`` of map ``name`` to element ``targets[i]``.

    Both tables have one shape; targets are distinct. The order of the pieces and of their loops follows the table.
    Raises :class:`TooManyPieces` above :data:`PIECES`.
    """
    table = (np.asarray(sources, np.int64) << _SHIFT) + np.asarray(targets, np.int64)
    pieces = []
    for block in _blocks(np.ascontiguousarray(table)):
        for start, loops in _three_loops(block.start, _merged(block.loops)):
            pieces.append(_piece(name, start, loops))
            if len(pieces) > PIECES:
                raise TooManyPieces
    return tuple(pieces)


def _blocks(table: Indices) -> list[_Block]:
    """Cover a table: as a product of its axes if it is a sum of one function per axis, else flattened."""
    table = np.squeeze(table)
    if table.ndim == 0:
        return [_Block(int(table))]
    first = int(table.flat[0])
    axes = [table[tuple(slice(None) if i == axis else 0 for i in range(table.ndim))] for axis in range(table.ndim)]
    total = np.full(table.shape, first, np.int64)
    for axis, values in enumerate(axes):
        total += (values - first).reshape([-1 if i == axis else 1 for i in range(table.ndim)])
    if not np.array_equal(total, table):
        return _along(table.ravel())
    parts = [_along(values - first) for values in axes]
    if np.prod([len(part) for part in parts], dtype=np.float64) > PIECES:
        raise TooManyPieces
    return [
        _Block(first + sum(block.start for block in chosen), tuple(loop for block in chosen for loop in block.loops))
        for chosen in product(*parts)
    ]


def _along(values: Indices) -> list[_Block]:
    """Cover a sequence: one run, a repeated pattern, or groups of equal runs."""
    count = len(values)
    if count == 1:
        return [_Block(int(values[0]))]
    steps = np.diff(values)
    if np.all(steps == steps[0]):
        return [_Block(int(values[0]), ((count, int(steps[0])),))]
    period = _period(steps, count // 2)
    if period is None:
        return _grouped(_runs(values, steps))
    times = count // period
    step = int(values[period] - values[0])
    blocks = [_Block(block.start, ((times, step), *block.loops)) for block in _along(values[:period])]
    return blocks + (_along(values[times * period :]) if times * period < count else [])


def _period(steps: Indices, limit: int) -> int | None:
    """The least ``p <= limit`` with ``steps[i + p] == steps[i]`` for all ``i``; ``steps`` are not all equal."""
    change = int(np.flatnonzero(steps != steps[0])[0])
    for place in np.flatnonzero(steps[change + 1 : change + limit + 1] == steps[change]):
        period = int(place) + 1
        if period <= change:
            continue
        near = min(len(steps) - period, 1 << 12)
        if np.array_equal(steps[period : period + near], steps[:near]) and np.array_equal(
            steps[period:], steps[:-period]
        ):
            return period
    return None


def _runs(values: Indices, steps: Indices) -> list[_Block]:
    """Longest runs of one step, from the front."""
    ends = np.flatnonzero(np.diff(steps)) + 1
    bounds = [0, *(int(end) for end in ends), len(steps)]
    if len(bounds) > 2 * PIECES:
        raise TooManyPieces
    runs: list[_Block] = []
    at = 0
    for low, high in pairwise(bounds):
        if high < at + 1:
            continue
        low = max(low, at)
        runs.append(_Block(int(values[low]), ((high - low + 1, int(steps[low])),)))
        at = high + 1
    if at == len(steps):
        runs.append(_Block(int(values[-1])))
    return runs


def _grouped(runs: list[_Block]) -> list[_Block]:
    """Neighbouring equal runs at equal distances as one block of two loops."""
    groups: list[list[_Block]] = []
    for run in runs:
        last = groups[-1] if groups else []
        equal = bool(last) and last[0].loops == run.loops
        if equal and (len(last) == 1 or run.start - last[-1].start == last[1].start - last[0].start):
            last.append(run)
        else:
            groups.append([run])
    return [
        _Block(group[0].start, ((len(group), group[1].start - group[0].start), *group[0].loops))
        if len(group) > 1
        else group[0]
        for group in groups
    ]


def _merged(loops: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """The same nest with loops of one turn dropped and loops that continue each other joined."""
    result: list[tuple[int, int]] = []
    for count, step in loops:
        if count == 1:
            continue
        if result and result[-1][1] == count * step:
            result[-1] = (result[-1][0] * count, step)
        else:
            result.append((count, step))
    return result


def _three_loops(start: int, loops: list[tuple[int, int]]) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """The nest as nests of at most three loops: those with the fewest turns are written out."""
    if len(loops) <= 3:
        yield start, loops
        return
    shortest = min(range(len(loops)), key=lambda index: loops[index][0])
    count, step = loops[shortest]
    rest = _merged((*loops[:shortest], *loops[shortest + 1 :]))
    for turn in range(count):
        yield from _three_loops(start + turn * step, rest)


def _piece(name: str, start: int, loops: list[tuple[int, int]]) -> Piece:
    padded = [(1, 0)] * (3 - len(loops)) + loops
    a, b, c = (count for count, _ in padded)
    source, target = _parts(start)
    (ps, pt), (qs, qt), (rs, rt) = (_parts(step) for _, step in padded)
    return Piece(name, (a, b, c), source, (ps, qs, rs), target, (pt, qt, rt))


def _parts(number: int) -> tuple[int, int]:
    """Source and target of a combined number or difference."""
    target = ((number + (1 << (_SHIFT - 1))) & ((1 << _SHIFT) - 1)) - (1 << (_SHIFT - 1))
    return (number - target) >> _SHIFT, target
