"""Phases: pieces of a random program that leave every log as they found it, and so follow each other in any number."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_

import numpy as np

from tests.programs.draw import Draw
from tests.programs.loads import TileSet, loads
from tests.programs.memory_plan import MemoryPlan
from tests.programs.shapes import lengthened, operand_width, random_job, unit_words, with_reduction
from tests.programs.stores import stores
from tests.programs.weight_streams import weight_streams
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Codes
from tileloom.hw.spec.validate_job import job_violations

WINDOW_STRIDES = (
    *("step_window", "kernel_x_window", "kernel_y_window", "slice_window"),
    *("sub_x_window", "sub_y_window", "pixel_x_window", "pixel_y_window", "group_window"),
)


class NoFit(Exception):
    """What was drawn does not fit the target: draw again."""


@dataclass
class Phase:
    """Instructions by the unit that takes them, each list in its order; ``jobs`` holds TABLEs too."""

    loads: list[isa.Instruction] = field(default_factory=list)
    weights: list[isa.Instruction] = field(default_factory=list)
    jobs: list[isa.Instruction] = field(default_factory=list)
    stores: list[isa.Instruction] = field(default_factory=list)

    @property
    def chunked(self) -> int:
        """Tiles that run chunked jobs."""
        return _union(job.mask for job in self.jobs if isinstance(job, isa.Job) and job.chunked)

    @property
    def receivers(self) -> int:
        """Tiles that are sent partial sums."""
        return _union(job.mask << 1 for job in self.jobs if isinstance(job, isa.Job) and job.to_neighbour)


def _union(masks: Iterable[int]) -> int:
    return reduce(or_, masks, 0)


@dataclass(frozen=True)
class Motion:
    """How the pointers of a log move in a job, and in a second job that follows it."""

    first: dict[str, int]
    second: dict[str, int]
    amount: int
    """Activations or words that both jobs take from the log."""
    lag: int
    """Furthest that tail stays behind base."""


def motion(draw: Draw, log: str, span: int, stride: int, outer: int, inner: int, second: bool) -> Motion:
    """Units ``stride`` apart inside an inner loop, the next outer iteration behind the last unit.

    With ``second`` the first job may leave everything where it is, for the second (one outer iteration) to read again.
    """
    walk = (inner - 1) * stride + span
    free = draw.pick([stride, stride, draw.integer(0, stride)])
    onward = {
        f"{log}_inner": stride,
        f"{log}_outer": span - stride,
        f"{log}_free_inner": free,
        f"{log}_free_outer": walk - inner * free,
    }
    lag = (inner - 1) * (stride - free)
    if second and draw.chance(0.7):
        again = {
            f"{log}_inner": stride,
            f"{log}_outer": -inner * stride,
            f"{log}_free_inner": 0,
            f"{log}_free_outer": 0,
        }
        return Motion(again, onward, walk, walk)
    return Motion(onward, onward, walk * (outer + second), lag)


def backward_motion(draw: Draw, target: Target, job: isa.Job, outer: int, inner: int) -> Motion:
    """The window of a first job that walks on and frees nothing, and of a second that reads back from where it is."""
    span, width = job.window_span, operand_width(job, target)
    stride = draw.integer(0, span)
    walked = outer * ((inner - 1) * stride + span)
    first = {"window_inner": stride, "window_outer": span - stride}
    back = {name: -getattr(job, name) for name in WINDOW_STRIDES}
    last = {"window_inner": 0, "window_outer": width, "window_free_outer": walked + width, "window_span": width}
    return Motion(first, back | last, walked + width, walked)


def plain_phase(plan: MemoryPlan, pixel_limit: int, have_tables: int) -> Phase:
    """One or two jobs on a set of tiles."""
    draw, target = plan.draw, plan.target
    tiles = draw.pick(tile_sets(target))
    storm = draw.chance(0.15)  # many short units
    job = random_job(draw, target, 2 if storm else pixel_limit)
    outer, inner = (draw.integer(1, 8), draw.integer(1, 8)) if storm else (draw.small(4), draw.small(4))
    if inner > 1 and draw.chance(0.4):
        job = lengthened(draw, target, replace(job, chunked=1))
    phase = Phase()
    job = _stretched(draw, target, job)
    stored = _work(phase, plan, tiles, job, outer, inner, second=draw.chance(0.3))
    _add_tables(phase, draw, target, tiles, have_tables)
    phase.stores += stores(plan, tiles, job, stored)
    return phase


def chain_phase(plan: MemoryPlan, pixel_limit: int, have_tables: int) -> Phase:
    """Tiles that hand partial sums to their neighbours, in one chain or in several at once."""
    draw, target = plan.draw, plan.target
    length = draw.integer(2, min(4, target.tiles))
    count = draw.integer(1, target.tiles // length)
    step = length + draw.integer(0, (target.tiles - length * count) // count)
    first = draw.integer(0, target.tiles - (step * (count - 1) + length))
    job = random_job(draw, target, pixel_limit)
    if job.mode == isa.Mode.MAXIMUM:
        raise NoFit("mode")
    units = draw.pick([1, 2, 3, 4, 6])
    phase = Phase()
    for role in range(length):
        tiles = TileSet(first + role, step, count)
        last = role == length - 1
        mine = job if last else with_reduction(draw, target, job, draw.pick([0, 0, int(target.channelwise)]))
        mine = replace(mine, from_neighbour=int(role > 0), to_neighbour=int(not last))
        inner = draw.divisor(units, units)
        outer = units // inner
        if role == 0 and draw.chance(0.3):
            inner, outer = draw.integer(2, 3), units
            mine = lengthened(draw, target, replace(mine, chunked=1))
        _work(phase, plan, tiles, mine, outer, inner, second=False)
    _add_tables(phase, draw, target, tiles, have_tables)
    phase.stores += stores(plan, tiles, mine, units)
    return phase


def tile_sets(target: Target) -> list[TileSet]:
    """Every arithmetic progression of tiles."""
    return [
        TileSet(first, step, count)
        for first in range(target.tiles)
        for step in range(1, max(2, target.tiles))
        for count in range(1, target.tiles + 1)
        if first + step * (count - 1) < target.tiles and (count > 1 or step == 1)
    ]


def _stretched(draw: Draw, target: Target, job: isa.Job) -> isa.Job:
    """Sometimes much larger spans than needed, so that the logs fill up."""
    if draw.chance(0.06):
        job = replace(job, window_span=max(job.window_span, draw.integer(1, target.window_activations // 2)))
    if draw.chance(0.06):
        job = replace(job, weights_span=max(job.weights_span, draw.integer(1, target.weight_words * 3 // 4)))
    return job


def _work(phase: Phase, plan: MemoryPlan, tiles: TileSet, job: isa.Job, outer: int, inner: int, second: bool) -> int:
    """Add jobs and all their operands to a phase; returns the slots that each tile fills."""
    draw, target = plan.draw, plan.target
    if broken := list(job_violations(replace(job, mask=tiles.mask), target)):
        raise NoFit(broken[0])
    span = job.window_span
    stride = draw.pick([span, span, draw.integer(0, span), draw.integer(0, min(span, 40))])
    window = motion(draw, "window", span, stride, outer, inner, second)
    if second and draw.chance(0.3):
        window = backward_motion(draw, target, job, outer, inner)
    words = motion(draw, "weights", job.weights_span, draw.pick([0, job.weights_span]), outer, inner, second)
    first = replace(job, mask=tiles.mask, outer=outer, inner=inner, **window.first, **words.first)
    phase.jobs.append(first)
    if second:
        phase.jobs.append(replace(first, outer=1, **window.second, **words.second))
    per_outer = 1 if job.chunked else inner
    stored = 0 if job.to_neighbour else per_outer * (outer + second)
    _operands(phase, plan, tiles, job, window, stored)
    _weights(phase, plan, tiles, job, words)
    return stored


def _operands(phase: Phase, plan: MemoryPlan, tiles: TileSet, job: isa.Job, window: Motion, stored: int) -> None:
    """LOADs of window and residual; where one does not fit whole, both in the order in which they are needed."""
    largest = _largest(plan.target.window_activations, job.window_span, window)
    made = loads(plan, tiles, int(isa.Destination.WINDOW), window.amount, min(largest, 8192))
    if job.add and not job.to_neighbour:
        total = job.residual_span * stored
        size = plan.target.residual_activations
        chunk = total if total <= size else size - job.residual_span
        if chunk < 1 and total:
            raise NoFit("residual")
        others = loads(plan, tiles, int(isa.Destination.RESIDUAL), total, chunk)
        made = _by_need(others, made)
    phase.loads += made


def _by_need(*streams: list[isa.Load]) -> list[isa.Load]:
    keyed = []
    for stream in streams:
        total = sum(load.bands * load.advance for load in stream)
        done = 0
        for load in stream:
            keyed.append((done / max(total, 1), load))
            done += load.bands * load.advance
    return [load for _, load in sorted(keyed, key=lambda pair: pair[0])]


def _largest(size: int, span: int, movement: Motion) -> int:
    """The largest chunk with which a log never blocks itself."""
    largest = size if movement.amount <= size else size - span - movement.lag
    if largest < 1:
        raise NoFit("log")
    return largest


def _weights(phase: Phase, plan: MemoryPlan, tiles: TileSet, job: isa.Job, movement: Motion) -> None:
    draw, target = plan.draw, plan.target
    count = movement.amount // job.weights_span
    largest = _largest(target.weight_words, job.weights_span, movement)
    same = draw.chance(0.3)
    copies = 1 if tiles.count == 1 or draw.chance(0.6) else tiles.count
    words: list[Codes] = []
    for _ in range(copies):
        units = [unit_words(draw, target, job) for _ in range(1 if same else count)]
        words.append(np.concatenate(units))
    phase.weights += weight_streams(plan, tiles, words, count if same else 1, largest)


def _add_tables(phase: Phase, draw: Draw, target: Target, tiles: TileSet, have_tables: int) -> None:
    """A TABLE in front of the jobs that use one."""
    if not any(isinstance(job, isa.Job) and job.table for job in phase.jobs):
        return
    if tiles.mask & ~have_tables == 0 and draw.chance(0.6):
        return
    slopes, offsets = _segments(draw, target)
    extra = draw.integer(0, (1 << target.tiles) - 1) if draw.chance(0.2) else 0
    phase.jobs.insert(0, isa.Table(mask=tiles.mask | extra, slopes=slopes, offsets=offsets))


def _segments(draw: Draw, target: Target) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A bent line through the codes, for shifts of 11 to 16, or segments without any order."""
    if draw.chance(0.2):
        return (
            tuple(draw.integer(-32768, 32767) for _ in range(target.segments)),
            tuple(draw.integer(-(1 << 31), (1 << 31) - 1) for _ in range(target.segments)),
        )
    slopes = tuple(draw.integer(-2000, 6000) for _ in range(target.segments))
    offsets = tuple(draw.integer(-100, 100) << draw.integer(4, 13) for _ in range(target.segments))
    return slopes, offsets
