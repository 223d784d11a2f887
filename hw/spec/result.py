"""What every engine returns: functional, cycle-exact, RTL, netlist and board alike."""

from dataclasses import dataclass, field

from tileloom.hw.spec.program import Codes
from tileloom.hw.spec.registers import Cause, Error


@dataclass(frozen=True, order=True)
class JobTrace:
    """One job on one tile: first RUN cycle of its first unit, last RUN cycle of its last unit."""

    start: int
    end: int
    tile: int
    tag: int


@dataclass(frozen=True)
class Wait:
    """Cycles ``start`` to ``end`` (not included) that a tile spent on one cause other than RUN."""

    tile: int
    cause: Cause
    start: int
    end: int


@dataclass(frozen=True)
class FrameTiming:
    """Where the cycles of one frame went."""

    cycles: int
    """Start strobe to done."""
    trace: tuple[JobTrace, ...]
    """Sorted."""
    stalls: tuple[dict[Cause, int], ...]
    """For each tile, cycles by cause; RUN included, their sum is ``cycles``."""
    waits: tuple[Wait, ...] = field(default=(), compare=False, repr=False)
    """Every stall with its place in time, from engines that know it; in order for each tile."""


@dataclass(frozen=True)
class Result:
    """Result of one or more frames; what an engine does not give is empty."""

    engine: str
    outputs: dict[str, Codes] = field(default_factory=dict)
    """Codes ``(frames, channels, height, width)`` by tensor name."""
    taps: dict[str, Codes] = field(default_factory=dict)
    frames: tuple[FrameTiming, ...] = ()
    error: Error = Error.NONE
    program_counter: int = 0
    events: dict[str, int] = field(default_factory=dict)
    """Counts of one frame, for the energy model; the names are those of its tables."""
