"""What every engine returns: functional, cycle-exact, RTL, netlist and board alike."""

from dataclasses import dataclass, field

from tileloom.hw.spec.notebook import table
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

    def _repr_html_(self) -> str:
        """The frames and tensors, for notebooks."""
        tensors = [(name, str(codes.dtype), " x ".join(str(n) for n in codes.shape)) for name, codes in self._tensors()]
        ended = "" if self.error is Error.NONE else f"Halted with {self.error.name} at word {self.program_counter}."
        columns = ("tensor", "type", "shape") if tensors else ()
        parts = [table(f"Result of engine {self.engine}", columns, tensors, ended)]
        if self.frames:
            rows = [
                (number, frame.cycles, len(frame.trace), self._busy(frame)) for number, frame in enumerate(self.frames)
            ]
            parts.append(table("", ("frame", "cycles", "jobs", "tiles busy"), rows))
        return "".join(parts)

    def _tensors(self) -> list[tuple[str, Codes]]:
        return [*self.outputs.items(), *((f"{name} (tap)", codes) for name, codes in self.taps.items())]

    @staticmethod
    def _busy(frame: FrameTiming) -> str:
        """Share of all tiles' cycles in which they compute."""
        spent = frame.cycles * len(frame.stalls)
        return f"{100 * sum(stalls.get(Cause.RUN, 0) for stalls in frame.stalls) / spent:.1f} %" if spent else "-"
