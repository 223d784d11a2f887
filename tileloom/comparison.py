"""Bit-for-bit comparison of two engines, and the first thing in which they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tileloom.hw.spec.result import FrameTiming, JobTrace

Codes = npt.NDArray[np.signedinteger]


@dataclass(frozen=True)
class ElementDifference:
    """The first element of a tensor that differs, in order of frames, channels, rows, pixels."""

    engine: str
    layer: str
    tensor: str
    frame: int
    channel: int
    y: int
    x: int
    expected: int
    got: int | None
    """None where the engine did not give the tensor at all."""

    def __str__(self) -> str:
        place = f"frame {self.frame}, channel {self.channel}, y {self.y}, x {self.x}"
        got = "nothing" if self.got is None else self.got
        return f"{self.engine} gives {got} instead of {self.expected} in tensor {self.tensor} at {place}"


@dataclass(frozen=True)
class TraceDifference:
    """The first job in order of start whose trace differs; start and end are None on the side that lacks it."""

    frame: int
    layer: str
    tag: int
    tile: int
    simulated_start: int | None
    simulated_end: int | None
    rtl_start: int | None
    rtl_end: int | None
    engine: str = "RTL"
    """The RTL, or what stands in its place: the netlist."""

    def __str__(self) -> str:
        simulated = _cycles(self.simulated_start, self.simulated_end)
        rtl = _cycles(self.rtl_start, self.rtl_end)
        return (
            f"frame {self.frame}, tile {self.tile}, tag {self.tag}: {simulated} simulated, {rtl} on the {self.engine}"
        )


@dataclass(frozen=True)
class TimingDifference:
    """A count of cycles that differs: of a frame (``tile`` and ``cause`` None), or of a tile by cause."""

    frame: int
    tile: int | None
    cause: str | None
    simulated: int
    rtl: int
    engine: str = "RTL"
    """The RTL, or what stands in its place: the netlist."""

    def __str__(self) -> str:
        where = f"frame {self.frame}" if self.tile is None else f"frame {self.frame}, tile {self.tile}, {self.cause}"
        return f"{where}: {self.simulated} cycles simulated, {self.rtl} on the {self.engine}"


def count_mismatches(expected: Codes, got: Codes | None) -> int:
    """Elements that differ; all of them where the tensor is missing or of another shape."""
    if got is None or got.shape != expected.shape:
        return int(expected.size)
    return int(np.count_nonzero(expected != got))


def first_difference(
    engine: str, layer: str, tensor: str, expected: Codes, got: Codes | None
) -> ElementDifference | None:
    """The first differing element of ``(frames, channels, height, width)`` codes, None where all are equal."""
    if not count_mismatches(expected, got):
        return None
    if got is None or got.shape != expected.shape:
        return ElementDifference(engine, layer, tensor, 0, 0, 0, 0, int(expected.flat[0]), None)
    frame, channel, y, x = (int(axis[0]) for axis in np.nonzero(expected != got))
    value = expected[frame, channel, y, x]
    return ElementDifference(engine, layer, tensor, frame, channel, y, x, int(value), int(got[frame, channel, y, x]))


def first_trace_difference(
    simulated: Sequence[FrameTiming], rtl: Sequence[FrameTiming], layers: Mapping[int, str], engine: str = "RTL"
) -> TraceDifference | None:
    """The first differing job of the first differing frame, None where all traces are equal.

    ``layers`` names the layer of each tag, ``engine`` whose ``rtl`` is.
    """
    for frame, (one, other) in enumerate(zip(simulated, rtl, strict=True)):
        if one.trace == other.trace:
            continue
        only_one, only_other = set(one.trace) - set(other.trace), set(other.trace) - set(one.trace)
        first = min(only_one | only_other)
        mine = _span(first, only_one, one.trace)
        theirs = _span(first, only_other, other.trace)
        return TraceDifference(frame, layers.get(first.tag, ""), first.tag, first.tile, *mine, *theirs, engine)
    return None


def timing_differences(
    simulated: Sequence[FrameTiming], rtl: Sequence[FrameTiming], engine: str = "RTL"
) -> list[TimingDifference]:
    """Every frame whose cycles differ, and every tile and cause whose cycles do."""
    found = []
    for frame, (one, other) in enumerate(zip(simulated, rtl, strict=True)):
        if one.cycles != other.cycles:
            found.append(TimingDifference(frame, None, None, one.cycles, other.cycles, engine))
        for tile, (stalls, others) in enumerate(zip(one.stalls, other.stalls, strict=True)):
            for cause in sorted({*stalls, *others}):
                counts = stalls.get(cause, 0), others.get(cause, 0)
                if counts[0] != counts[1]:
                    found.append(TimingDifference(frame, tile, cause.name.lower(), *counts, engine))
    return found


def _span(job: JobTrace, candidates: set[JobTrace], trace: Sequence[JobTrace]) -> tuple[int | None, int | None]:
    """Start and end of the first candidate of the same tile and tag."""
    fitting = [other for other in trace if other in candidates and (other.tile, other.tag) == (job.tile, job.tag)]
    return (min(fitting).start, min(fitting).end) if fitting else (None, None)


def _cycles(start: int | None, end: int | None) -> str:
    return "missing" if start is None else f"cycles {start} .. {end}"
