"""Who occupies memory and map buffer, and when: read off a program's instructions and the trace of its jobs.

Nothing is taken from the compiler: what a LOAD or WEIGHTS can read and a STORE can write is in the instruction. An
instruction counts as touching everything from the first to the last byte that it reaches.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tileloom.hw.spec import isa
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.result import FrameTiming


class Holding(StrEnum):
    """What a stretch of bytes holds."""

    INPUT = "network input"
    MAP = "feature map"
    OUTPUT = "network output"


@dataclass(frozen=True)
class Life:
    """Bytes ``[start, end)`` of a space from the layer that writes them to the last one that reads them.

    ``first`` and ``last`` are numbers of layers in ``program.jobs``; -1 is before the first one, and the number of
    layers is behind the last. ``maker`` names the layer or network input that the bytes come from.
    """

    space: int
    start: int
    end: int
    first: int
    last: int
    holding: Holding
    maker: str


Loops = tuple[tuple[int, int], ...]
Extent = tuple[int, int, int]
"""Space, first byte, byte after the last."""


def lives(program: Program) -> list[Life]:
    """Every stretch of bytes with feature maps, in order of writing; weights and instructions are not among them.

    A stretch ends at its last reader. What is overwritten in part goes on with the rest.
    """
    reads, writes = touched(program)
    layers = len(program.jobs)
    made: list[Life] = [
        Life(tensor.space, tensor.address, tensor.address + tensor.size_bytes, -1, -1, Holding.INPUT, tensor.name)
        for tensor in program.inputs
    ]
    done: list[Life] = []
    for number in range(layers):
        for extent in reads[number]:
            made = [part for life in made for part in _read(life, extent, number)]
        for extent in writes[number]:
            space, start, end = extent
            kept: list[Life] = []
            for life in made:
                inside, outside = _cut(life, extent)
                kept += outside
                done += [part for part in inside if part.first < number]
            made = [*kept, Life(space, start, end, number, number, Holding.MAP, program.jobs[number].name)]
    for tensor in program.outputs:
        extent = (tensor.space, tensor.address, tensor.address + tensor.size_bytes)
        ended: list[Life] = []
        for life in made:
            inside, outside = _cut(life, extent)
            ended += [replace(part, last=layers, holding=Holding.OUTPUT) for part in inside]
            ended += outside
        made = ended
    return _merged(sorted([*done, *made], key=lambda life: (life.first, life.last, life.space, life.start)))


def _merged(found: Iterable[Life]) -> list[Life]:
    """Neighbours that were cut apart but live equally long are one again."""
    merged: list[Life] = []
    for life in found:
        before = merged[-1] if merged else None
        if before is not None and replace(before, start=life.start, end=life.end) == life and before.end == life.start:
            merged[-1] = replace(before, end=life.end)
        else:
            merged.append(life)
    return merged


def touched(program: Program) -> tuple[list[list[Extent]], list[list[Extent]]]:
    """For each layer the stretches of activations that it reads and that it writes, neighbours joined."""
    number = {job.tag: index for index, job in enumerate(program.jobs)}
    reads: list[list[Extent]] = [[] for _ in program.jobs]
    writes: list[list[Extent]] = [[] for _ in program.jobs]
    for instruction in program.instructions:
        if instruction.tag not in number:
            continue
        match instruction:
            case isa.Load() if instruction.rows:
                loops: Loops = (
                    (instruction.bands, instruction.band_stride),
                    (instruction.parts, instruction.part_stride),
                    (instruction.blocks, instruction.block_stride),
                    (instruction.rows // instruction.rows_per_run, instruction.run_stride),
                )
                extent = _extent(instruction.space, instruction.address, loops, instruction.run_bytes)
                reads[number[instruction.tag]].append(extent)
            case isa.Store() if instruction.runs:
                loops = (
                    (instruction.outer, instruction.outer_stride),
                    (instruction.inner, instruction.inner_stride),
                    (instruction.parts, instruction.part_stride),
                    (instruction.subparts, instruction.subpart_stride),
                    (instruction.runs, instruction.run_stride),
                )
                extent = _extent(instruction.space, instruction.address, loops, instruction.run_bytes)
                writes[number[instruction.tag]].append(extent)
    return [_joined(each) for each in reads], [_joined(each) for each in writes]


@dataclass(frozen=True)
class Span:
    """A life in cycles: ``[start, end)``."""

    life: Life
    start: int
    end: int


def in_cycles(found: Iterable[Life], program: Program, frame: FrameTiming) -> list[Span]:
    """Lives from the first job of the layer that writes to the last job of the last layer that reads."""
    starts, ends = job_spans(program, frame)

    def begin(number: int) -> int:
        return 0 if number < 0 else starts[number]

    def finish(number: int) -> int:
        return frame.cycles if number >= len(ends) else 0 if number < 0 else ends[number]

    return [Span(life, begin(life.first), max(begin(life.first), finish(life.last))) for life in found]


def job_spans(program: Program, frame: FrameTiming) -> tuple[list[int], list[int]]:
    """First cycle of each layer's first job, and the cycle after its last one; of a layer without, both 0."""
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    for job in frame.trace:
        starts[job.tag] = min(starts.get(job.tag, job.start), job.start)
        ends[job.tag] = max(ends.get(job.tag, 0), job.end + 1)
    return [starts.get(job.tag, 0) for job in program.jobs], [ends.get(job.tag, 0) for job in program.jobs]


def occupancy(spans: Sequence[Span], space: int) -> list[tuple[int, int]]:
    """Bytes in use over time: ``(cycle, bytes)`` wherever the number changes.

    >>> life = Life(1, 0, 8, -1, 0, Holding.MAP, "a")
    >>> occupancy([Span(life, 0, 5), Span(replace(life, start=8, end=10), 3, 9)], 1)
    [(0, 8), (3, 10), (5, 2), (9, 0)]
    """
    changes: dict[int, int] = {}
    for span in spans:
        if span.life.space == space and span.end > span.start:
            size = span.life.end - span.life.start
            changes[span.start] = changes.get(span.start, 0) + size
            changes[span.end] = changes.get(span.end, 0) - size
    steps, level = [], 0
    for cycle in sorted(changes):
        level += changes[cycle]
        steps.append((cycle, level))
    return steps


def spaces_used(program: Program) -> Mapping[str, tuple[set[int], set[int]]]:
    """By layer name, the spaces that its activations are read from and that its results go to."""
    reads, writes = touched(program)
    return {
        job.name: ({space for space, _, _ in read}, {space for space, _, _ in write})
        for job, read, write in zip(program.jobs, reads, writes, strict=True)
    }


def _extent(space: int, address: int, loops: Loops, run_bytes: int) -> Extent:
    low = high = address
    for count, stride in loops:
        low += min(0, (count - 1) * stride)
        high += max(0, (count - 1) * stride)
    return space, low, high + run_bytes


def _joined(extents: Iterable[Extent]) -> list[Extent]:
    joined: list[Extent] = []
    for space, start, end in sorted(extents):
        if joined and joined[-1][0] == space and start <= joined[-1][2]:
            joined[-1] = (space, joined[-1][1], max(joined[-1][2], end))
        else:
            joined.append((space, start, end))
    return joined


def _cut(life: Life, extent: Extent) -> tuple[list[Life], list[Life]]:
    """What of a life lies inside an extent, and what outside."""
    space, start, end = extent
    low, high = max(life.start, start), min(life.end, end)
    if space != life.space or low >= high:
        return [], [life]
    outside = [(life.start, low), (high, life.end)]
    return (
        [replace(life, start=low, end=high)],
        [replace(life, start=one, end=other) for one, other in outside if one < other],
    )


def _read(life: Life, extent: Extent, number: int) -> list[Life]:
    inside, outside = _cut(life, extent)
    return [*(replace(part, last=number) for part in inside), *outside]
