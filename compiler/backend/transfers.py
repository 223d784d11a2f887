"""Transfers: a nest of copies cut into units, each of which is one chunk, one pass through a tile and one slot.

A tile passes the elements of its window on as they are, ``columns`` a step. So the LOAD brings the image of a slot into
the window, in the order of the target, through up to four loops: a string of neighbours, elements, rows and blocks. The
STORE takes runs of neighbours at one distance out of the slot.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from tileloom.compiler.backend.nests import Loop, Nest
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target

BURST_CYCLES = 4
"""Cycles of the memory for a short run, for the estimate."""
RUN_CYCLES = 8
"""Cycles of the O engine for a run, besides its beats, for the estimate."""
UNIT_CYCLES = 40
"""Cycles that a unit waits for its own chunk and slot, shared among the tiles, for the estimate."""
LONGEST = 0x7FFF
"""Most repetitions of a loop, and the widest pitch, that the fields of a LOAD or STORE hold."""


@dataclass(frozen=True)
class Transfer:
    """One unit of a copy; templates without mask, tile and address.

    ``reads`` and ``writes`` are the first element and the one behind the last, in the tensors' places.
    """

    load: isa.Load
    store: isa.Store
    elements: int
    source: int
    target: int
    reads: tuple[int, int]
    writes: tuple[int, int]


@dataclass(frozen=True)
class _Walk:
    """How a LOAD reads an image: elements of ``write`` neighbours, ``take`` apart, in rows, in blocks.

    The loops' targets are places in the image.
    """

    elements: int
    take: int
    write: int
    last: int
    pitch: int
    rows: Loop
    blocks: Loop

    @property
    def row_elements(self) -> int:
        """Elements of memory that a row runs through."""
        return (self.elements - 1) * self.take + self.last


@dataclass(frozen=True)
class _Runs:
    """How a STORE writes an image: runs of ``length`` neighbours, ``distance`` apart."""

    length: int
    count: int
    distance: int


@dataclass(frozen=True)
class _Plan:
    """A nest with its loops inside a unit and those around it."""

    source: int
    target: int
    inside: tuple[Loop, ...]
    outer: tuple[Loop, ...]
    walk: _Walk
    runs: _Runs

    @property
    def elements(self) -> int:
        """Elements of a unit."""
        return prod(loop.count for loop in self.inside)


def image_limit(target: Target, total: int) -> int:
    """Most elements of a unit: its slot, half of the window and every count hold it, and all tiles have work."""
    step = target.columns
    counted = (1 << target.count_bits) - 1
    room = min(target.slot_activations, target.window_activations // 2 - target.lanes, LONGEST, counted)
    share = max(-(-total // (2 * target.tiles)), target.burst_bytes // target.element_bytes)
    return max(min(room, share) // step, 1) * step


def transfers(nest: Nest, limit: int, target: Target, fill: int | None = None) -> Iterator[Transfer]:
    """The units of a nest, each of at most ``limit`` elements; with ``fill`` nothing is read, all get that code."""
    for plan in _plans(nest.upwards(), limit, target):
        load = _load(plan.walk, target) if fill is None else _filling(plan.elements, fill, target)
        store = _store(plan.runs, target)
        low = sum(min(loop.source, 0) * (loop.count - 1) for loop in plan.inside)
        high = sum(max(loop.source, 0) * (loop.count - 1) for loop in plan.inside) + 1
        width = sum(loop.target * (loop.count - 1) for loop in plan.inside) + 1
        starts = Nest(plan.source, plan.target, plan.outer).addresses()
        for source, first in zip(*(addresses.tolist() for addresses in starts), strict=True):
            reads = (source + low, source + high)
            yield Transfer(load, store, plan.elements, source, first, reads, (first, first + width))


def cycles(nest: Nest, limit: int, target: Target) -> float:
    """About how long a nest takes: the slowest of memory, loader, tiles and O engine."""
    total = 0.0
    port = target.port_bytes / target.element_bytes
    for plan in _plans(nest.upwards(), limit, target):
        rows = plan.walk.rows.count * plan.walk.blocks.count
        reads = rows * max(BURST_CYCLES, plan.walk.row_elements / port)
        stores = plan.runs.count * (RUN_CYCLES + plan.runs.length / port)
        passes = plan.elements / target.results_per_cycle / target.tiles
        unit = max(reads, rows * plan.walk.elements, stores, passes) + UNIT_CYCLES / target.tiles
        total += prod(loop.count for loop in plan.outer) * unit
    return total


def _plans(nest: Nest, limit: int, target: Target) -> list[_Plan]:
    """The nest as one plan; as more where a loop is cut and something is left over."""
    inside: tuple[Loop, ...] = ()
    for number, loop in enumerate(nest.loops):
        room = limit // prod(one.count for one in inside)
        part = Loop(min(room, loop.count, LONGEST), loop.source, loop.target)
        behind = nest.loops[number + 1 :]
        if part.count < 2 or _walk((*inside, part), target) is None or _runs((*inside, part)) is None:
            return [_plan(nest, inside, nest.loops[number:], target)]
        if part.count == loop.count:
            inside = (*inside, loop)
            continue
        whole, left = divmod(loop.count, part.count)
        again = Loop(whole, part.count * loop.source, part.count * loop.target)
        plans = [_plan(nest, (*inside, part), (again, *behind), target)]
        if left:
            done = whole * part.count
            rest = (*inside, *((Loop(left, loop.source, loop.target),) if left > 1 else ()), *behind)
            start = Nest(nest.source + done * loop.source, nest.target + done * loop.target, rest)
            plans += _plans(start, limit, target)
        return plans
    return [_plan(nest, inside, (), target)]


def _plan(nest: Nest, inside: tuple[Loop, ...], outer: tuple[Loop, ...], target: Target) -> _Plan:
    walk, runs = _walk(inside, target), _runs(inside)
    assert walk is not None and runs is not None, "loops come inside only where both can be expressed"
    return _Plan(nest.source, nest.target, inside, outer, walk, runs)


def _runs(inside: tuple[Loop, ...]) -> _Runs | None:
    """The STORE's runs; ``None`` where they are not evenly spaced."""
    length, count, distance = 1, 1, 0
    for loop in inside:
        if count == 1 and loop.target == length:
            length *= loop.count
        elif count == 1:
            count, distance = loop.count, loop.target
        elif loop.target == count * distance:
            count *= loop.count
        else:
            return None
    return _Runs(length, count, distance)


def _walk(inside: tuple[Loop, ...], target: Target) -> _Walk | None:
    """The LOAD's loops; ``None`` where there are more than it has."""
    banks, once = target.window_banks, Loop(1, 0, 0)
    size, left = 1, []
    for loop in inside:
        left.append(Loop(loop.count, loop.source, size))
        size *= loop.count
    string = 1
    if left and left[0].source == 1:
        string = left.pop(0).count
    if string > banks:
        elements = -(-string // banks)
        form = (elements, banks, banks, string - (elements - 1) * banks, banks)
    else:
        near = [loop for loop in left if string <= loop.source <= banks]
        if near:
            along = max(near, key=lambda loop: loop.count)
            left.remove(along)
            form = (along.count, along.source, string, string, along.target)
        else:
            form = (1, string, string, string, string)
    if len(left) > 2:
        return None
    return _Walk(*form, *(*left, once, once)[:2])


def _load(walk: _Walk, target: Target) -> isa.Load:
    size = target.element_bytes
    joined = walk.rows.count > 1 and walk.rows.source == walk.row_elements
    per_run = walk.rows.count if joined else 1
    return isa.Load(
        mask=0,
        address=0,
        advance=0,
        blocks=walk.blocks.count,
        block_stride=walk.blocks.source * size,
        block_window=walk.blocks.target,
        rows=walk.rows.count,
        row_window=walk.rows.target,
        rows_per_run=per_run,
        run_bytes=per_run * walk.row_elements * size,
        run_stride=0 if joined else walk.rows.source * size,
        elements=walk.elements,
        take=walk.take,
        write=walk.write,
        last_take=walk.last,
        last_write=walk.last,
        pitch=walk.pitch,
    )


def _filling(elements: int, fill: int, target: Target) -> isa.Load:
    """A chunk of padding alone: nothing is read."""
    banks = target.window_banks
    count = -(-elements // banks)
    last = elements - (count - 1) * banks
    return isa.Load(
        mask=0,
        address=0,
        advance=0,
        pad_value=fill,
        rows_before=1,
        rows=0,
        rows_per_run=1,
        run_bytes=0,
        elements=count,
        take=banks,
        write=banks,
        last_take=last,
        last_write=last,
        pitch=banks,
    )


def _store(runs: _Runs, target: Target) -> isa.Store:
    size = target.element_bytes
    return isa.Store(
        address=0,
        runs=runs.count,
        run_bytes=runs.length * size,
        run_stride=runs.distance * size,
        run_slot=runs.length if runs.count > 1 else 0,
    )
