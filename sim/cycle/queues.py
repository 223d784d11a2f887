"""A unit's descriptor queue with its filler and shadow, seen from both ends, ahead of time."""

from tileloom.hw.spec.timing import QUEUE_READ, QUEUE_WRITE
from tileloom.sim.cycle.timeline import Process, Schedule, Timeline


class Queue:
    """Words go in by the sequencer, whole descriptors come out at the unit.

    Parameters
    ----------
    compact : the unit works on the descriptor in the shadow itself, up to :meth:`release`

    Members
    -------
    sent : words sent so far
    last_sent : cycle in which the sequencer popped the last of them
    pops : cycle in which the filler moved each word, as far as known
    valid : counts shadows, from the cycle in which each is visibly complete
    numbers : the instruction of every descriptor sent
    finished : counts descriptors that the unit has done, from the cycle in which the unit is idle after each
    """

    def __init__(self, schedule: Schedule, depth: int, *, compact: bool = False) -> None:
        self.depth = depth
        self.compact = compact
        self.sent = 0
        self.last_sent = 0
        self.pops: list[int] = []
        self.valid = Timeline(schedule)
        self.finished = Timeline(schedule)
        self.numbers: list[int] = []
        self.waiter: Process | None = None
        self._schedule = schedule
        self._waiting: list[list[int]] = []
        self._free = 0
        self._closed = False

    def send(self, number: int, pops: list[int]) -> None:
        """A descriptor whose words the sequencer pops in these cycles."""
        self.sent += len(pops)
        self.last_sent = pops[-1]
        self.numbers.append(number)
        self._waiting.append(pops)
        if not self._closed:
            self._fill()

    def take(self, cycle: int) -> None:
        """The unit takes the shadow."""
        if not self.compact:
            self._go_on(cycle)

    def release(self, cycle: int) -> None:
        """The unit is at rest from this cycle on; in a compact machine the shadow is empty only now."""
        if self.compact:
            self._go_on(cycle)

    def _go_on(self, cycle: int) -> None:
        """The filler works from the next cycle on."""
        self._free = cycle + 1
        self._closed = False
        if self._waiting:
            self._fill()
            if self.waiter is not None:
                self._schedule.ready.append(self.waiter)
                self.waiter = None

    def _fill(self) -> None:
        words = self._waiting.pop(0)
        moved = self._free - 1
        if words[-1] - words[0] == len(words) - 1:
            first = max(moved + 1, words[0] + QUEUE_WRITE)
            self.pops.extend(range(first, first + len(words)))
            moved = first + len(words) - 1
        else:
            for word in words:
                moved = max(moved + 1, word + QUEUE_WRITE)
                self.pops.append(moved)
        self._closed = True
        self.valid.advance(1, moved + QUEUE_READ)
