"""The work of a layer as plain lists: every chunk loaded, weight portion, unit and slot, one by one and in order.

Positions in a tile's logs are counted from the start of the program without wrapping. A *round* is a step of the
schedule: what a unit of round r needs was asked for in round r or before, and takes room that units of rounds before r
have left. All lists are in the order of rounds, so that instructions in that order cannot deadlock.
"""

from dataclasses import dataclass, field

from tileloom.hw.spec import isa

STALE = 8192
"""Slots by which a chunk may wait for too few."""


@dataclass(frozen=True)
class LoadChunk:
    """One chunk of a LOAD: template without mask, address and wait."""

    round: int
    template: isa.Load
    mask: int
    tensor: str
    offset: int
    after: int = 0
    """Slots that must be stored before; 0: none."""


@dataclass(frozen=True)
class Portion:
    """One portion of weights, ``address`` being relative to the program's weights."""

    round: int
    mask: int
    address: int
    words: int
    beats: int


@dataclass(frozen=True)
class Unit:
    """One unit of a tile: template of its JOB without mask and without what moves pointers."""

    round: int
    template: isa.Job
    window_base: int
    weights_base: int
    chunk: int = 0
    chunks: int = 1
    own_window: bool = False
    """The chunk has window data of its own, which is free behind it."""


@dataclass(frozen=True)
class Slot:
    """One output slot on its way to memory: template without tile and address."""

    round: int
    template: isa.Store
    tile: int
    tensor: str
    offset: int


@dataclass
class Work:
    """All work of one layer."""

    tag: int
    loads: list[LoadChunk] = field(default_factory=list)
    portions: list[Portion] = field(default_factory=list)
    units: dict[int, list[Unit]] = field(default_factory=dict)
    """By tile."""
    slots: list[Slot] = field(default_factory=list)


@dataclass
class Heads:
    """Positions of every tile's logs and of the counters, as they move from layer to layer."""

    window: list[int]
    weights: list[int]
    residual: list[int]
    round: int = 0
    stored: int = 0
    """Slots of all rounds before this one."""
    loaded: int = 0
    """Slots of all rounds before that of the last chunk."""

    @classmethod
    def at_start(cls, tiles: int) -> "Heads":
        """All at zero."""
        return cls([0] * tiles, [0] * tiles, [0] * tiles)

    def copy(self) -> "Heads":
        """An independent copy."""
        return Heads(list(self.window), list(self.weights), list(self.residual), self.round, self.stored, self.loaded)

    def take(self, other: "Heads") -> None:
        """Become equal to ``other``."""
        self.window, self.weights, self.residual = list(other.window), list(other.weights), list(other.residual)
        self.round, self.stored, self.loaded = other.round, other.stored, other.loaded

    def wait_for(self, slots: int) -> int:
        """Slots that the chunks of this round wait for, if they need ``slots`` of them.

        A LOAD compares the count of stored slots modulo 2**16, and sees at most half of it. So even a chunk that needs
        none waits for a count not long past, which follows the count of the program in steps of STALE. What is stored
        when a chunk is asked for is then at most 2 * STALE more than it waits for; and at most so much, and what was
        stored since the chunk before, less.
        """
        self.loaded = self.stored
        return max(slots, (self.stored // STALE - 1) * STALE)
