"""A frame's figures layer by layer; cycles and stalls of the layers sum to those of the frame exactly."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from tileloom.hw.spec.program import Program
from tileloom.hw.spec.result import FrameTiming, JobTrace, Result
from tileloom.sim.cycle.counts import Counts, count_events
from tileloom.sim.energy.model import energy_of_events
from tileloom.sim.energy.technology import DEFAULT, Technology, load_technology


@dataclass(frozen=True)
class LayerFigures:
    """One layer of a frame.

    ``cycles`` go from the end of the layers before (of the first: from the start strobe) to the end of this one's last
    job (of the last: to done), so that layers that overlap are not counted twice. ``stall_cycles`` are those of all
    tiles together in that time, by cause.
    """

    name: str
    op: str
    source: str
    cycles: int
    macs: int
    utilisation: float | None
    dram_bytes: int
    dram_bytes_minimum: int
    roofline_efficiency: float | None
    latency_s: float
    gops: float | None
    energy_j: float
    power_w: float | None
    stall_cycles: dict[str, int]

    def worst_stall(self) -> str | None:
        """The cause that took most cycles, in words for a table; None where nothing waited."""
        waits = {cause: count for cause, count in self.stall_cycles.items() if count}
        worst = max(waits, key=waits.__getitem__, default=None)
        return None if worst is None else f"{worst} ({waits[worst]:,})"


def layer_figures(
    program: Program, timed: Result, counted: Result, technology: Technology | None = None
) -> tuple[LayerFigures, ...]:
    """One entry for each layer of the program, in order.

    Parameters
    ----------
    timed : whose first frame has the cycles and the trace
    counted : the cycle simulator's result, whose first frame has the stalls with their time; they are taken from
        it where those of ``timed`` have none
    technology : table of energies; None: the usual one
    """
    table = technology or load_technology(DEFAULT)
    ends = layer_ends(program, timed.frames[0])
    stalls = stalls_between(ends, (timed if timed.frames[0].waits else counted).frames[0])
    events = count_events(program.instructions, program.target)
    least: Mapping[str, int] = program.information.get("least_bytes", {})
    figures, start = [], 0
    for index, job in enumerate(program.jobs):
        cycles, start = ends[index] - start, ends[index]
        written = sum(t.channels * t.height * t.width for t in program.outputs if t.layer == job.name)
        minimum = least.get(job.node, 0) + written
        found = events.get(job.tag, Counts())
        figures.append(_figures(program, index, cycles, minimum, found, stalls[index], table))
    return tuple(figures)


def layer_ends(program: Program, frame: FrameTiming) -> list[int]:
    """For each layer the cycle in which it and all before it have ended; the last one's is the frame's."""
    last: dict[int, JobTrace] = {}
    for job in frame.trace:
        if job.tag not in last or last[job.tag].end < job.end:
            last[job.tag] = job
    ends, end = [], 0
    for layer in program.jobs:
        end = max(end, last[layer.tag].end if layer.tag in last else 0)
        ends.append(end)
    return [*ends[:-1], frame.cycles] if ends else []


def stalls_between(ends: Sequence[int], frame: FrameTiming) -> list[dict[str, int]]:
    """Stall cycles by cause of all tiles in ``(ends[i - 1], ends[i]]``.

    >>> from tileloom.hw.spec.registers import Cause
    >>> from tileloom.hw.spec.result import Wait
    >>> frame = FrameTiming(9, (), ({},), (Wait(0, Cause.JOB, 1, 4), Wait(0, Cause.SLOT, 7, 9)))
    >>> stalls_between([3, 7, 9], frame)
    [{'job': 3}, {'slot': 1}, {'slot': 1}]
    """
    found: list[dict[str, int]] = [{} for _ in ends]
    for wait in frame.waits:
        start = wait.start
        index = bisect_right(ends, start - 1)
        while start < wait.end and index < len(ends):
            until = min(wait.end, ends[index] + 1)
            name = wait.cause.name.lower()
            found[index][name] = found[index].get(name, 0) + until - start
            start, index = until, index + 1
    return found


def _figures(
    program: Program,
    index: int,
    cycles: int,
    minimum: int,
    counts: Counts,
    stalls: dict[str, int],
    technology: Technology,
) -> LayerFigures:
    target, job = program.target, program.jobs[index]
    seconds = cycles / target.clock_hz
    joules = energy_of_events(asdict(counts), cycles, target, technology).joules.value
    bound = max(job.macs / target.macs_per_cycle, minimum / target.port_bytes)
    return LayerFigures(
        name=job.name,
        op=job.op,
        source=job.source,
        cycles=cycles,
        macs=job.macs,
        utilisation=job.macs / (cycles * target.macs_per_cycle) if cycles else None,
        dram_bytes=memory_bytes(counts),
        dram_bytes_minimum=minimum,
        roofline_efficiency=bound / cycles if cycles else None,
        latency_s=seconds,
        gops=2e-9 * job.macs / seconds if seconds else None,
        energy_j=joules,
        power_w=joules / seconds if seconds else None,
        stall_cycles=stalls,
    )


MEMORY_EVENTS = ("memory_program_bytes", "memory_activation_bytes", "memory_weight_bytes", "memory_result_bytes")
"""Counts whose sum passes the memory port."""


def memory_bytes(counts: Counts) -> int:
    """Bytes that pass the memory port for one tag, in whole beats, both ways, instructions included."""
    return sum(int(getattr(counts, name)) for name in MEMORY_EVENTS)


def frame_bytes(counted: Result) -> int:
    """The same for a whole frame."""
    return sum(counted.events[name] for name in MEMORY_EVENTS)
