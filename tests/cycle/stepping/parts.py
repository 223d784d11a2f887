"""What the parts of the stepper share: queues, bursts, logs, and the states of an address generator."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tileloom.hw.spec.config import Target

if TYPE_CHECKING:
    from tests.cycle.stepping.stepper import Stepper


class Unit(Protocol):
    """A state machine."""

    def step(self, t: int) -> None:
        """Look at what is visible in cycle ``t`` and order effects for later ones."""


class Hang(Exception):
    """Nothing has happened for very long."""


@dataclass
class DescriptorQueue:
    """Queue, filler and shadow of one unit."""

    depth: int
    words: deque[tuple[int, bool]] = field(default_factory=deque)  # visible words: instruction number, is it its last
    resting: bool = False  # the last word of a descriptor has moved, it is not taken
    moved: int = 0  # words of the present descriptor that have moved
    shadow: int | None = None

    @property
    def empty(self) -> bool:
        return not self.words and not self.moved and not self.resting and self.shadow is None


@dataclass
class Burst:
    """A read burst that is offered, or under way."""

    beats: int
    space: int
    deliver: Callable[[int], None]  # called for every beat in the cycle of its handshake
    owner: str = ""
    left: int = 0


@dataclass
class Log:
    """One circular log of a tile."""

    size: int
    reserved: int = 0
    head: int = 0
    base: int = 0
    tail: int = 0

    def reserve(self, amount: int) -> None:
        self.reserved += amount

    def arrive(self, amount: int) -> None:
        self.head += amount

    def move(self, base: int, tail: int) -> None:
        self.base += base
        self.tail += tail


def cut(address: int, size: int, target: Target) -> list[int]:
    """Beats of the bursts of a run, by looking at every beat."""
    beats = range(address // target.port_bytes, (address + size - 1) // target.port_bytes + 1)
    bursts: list[int] = []
    for i, beat in enumerate(beats):
        if i == 0 or beat % target.burst_beats == 0:
            bursts.append(0)
        bursts[-1] += 1
    return bursts


class AddressGenerator:
    """What P, A and W share: a plan of steps that says, state by state, what to do."""

    name = ""

    def __init__(self, machine: "Stepper") -> None:
        self.machine = machine
        self.state = "IDLE"
        self.burst: Burst | None = None
        self.plan: Iterator[tuple[str, object]] = iter(())
        self.item: tuple[str, object] = ("IDLE", None)

    def offered(self, t: int) -> Burst | None:
        if self.state == "OFFER" and self.can_offer():
            return self.burst
        return None

    def can_offer(self) -> bool:
        assert self.burst is not None
        other = self.machine.servers[1 - self.burst.space]
        return other.by_owner[self.name] == 0

    def set_state(self, state: str) -> None:
        self.state = state

    def follow(self) -> None:
        """Go to the state that the plan's next item asks for."""
        self.item = next(self.plan, ("IDLE", None))
        self.state = self.item[0]

    def on_grant(self) -> None:
        self.follow()

    def step(self, t: int) -> None:
        if self.state == "COMPUTE":
            assert isinstance(self.item[1], Burst)
            self.burst = self.item[1]
            self.machine.later(t + 1, lambda: self.set_state("OFFER"))
