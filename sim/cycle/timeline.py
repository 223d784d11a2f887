"""Counters with a known future, and the processes that wait for them: the ground of the cycle simulator.

The machine is a data flow: every unit's next transition happens in a cycle that is the maximum of a few known ones. So
each unit is a generator that runs ahead of time as far as it knows, and stops only where it needs a number that
another unit has not yet produced. Only the grants of the two servers are taken in the order of time (``servers``).
"""

from collections import deque
from collections.abc import Generator

UNKNOWN = -1
"""The cycle of something that no unit has promised yet."""

Steps = Generator[None, None, None]


class Schedule:
    """Processes that can go on, in any order: results do not depend on it."""

    def __init__(self) -> None:
        self.ready: list[Process] = []
        self.done = 0
        """Cycle of END, 0 before it is known."""

    def run(self) -> None:
        """Resume processes until each waits for something."""
        ready = self.ready
        while ready:
            next(ready.pop().steps, None)


class Timeline:
    """A counter that only goes up, with the cycle in which each value becomes visible.

    One process reads it. That process must have waited for every count that it asked for and was told.
    """

    __slots__ = ("_entries", "_passed", "_schedule", "total", "waiter")

    def __init__(self, schedule: Schedule) -> None:
        self.total = 0
        self.waiter: Process | None = None
        self._schedule = schedule
        self._entries: deque[tuple[int, int]] = deque()
        self._passed = 0

    def advance(self, amount: int, cycle: int) -> None:
        """Go up by ``amount``, visible from ``cycle`` on, which is not before the last one."""
        self.total += amount
        self._entries.append((self.total, cycle))
        if self.waiter is not None:
            self._schedule.ready.append(self.waiter)
            self.waiter = None

    def when(self, count: int) -> int:
        """First cycle in which the counter shows ``count`` or more; 0 if it is past, UNKNOWN if not yet known."""
        if count <= self._passed:
            return 0
        entries = self._entries
        while entries:
            total, cycle = entries[0]
            if total >= count:
                return cycle
            self._passed = total
            entries.popleft()
        return UNKNOWN

    def shown(self, cycle: int) -> int:
        """What the counter shows in ``cycle``, as far as known; the reader has come to that cycle."""
        entries = self._entries
        while entries and entries[0][1] <= cycle:
            self._passed = entries.popleft()[0]
        return self._passed


class Process:
    """One unit of the machine: a generator that yields where it waits for a timeline.

    Members
    -------
    waiting : what the process waits for while it stands in a ``yield``; made into words by ``deadlock``
    instruction : number of the instruction at work, -1 when idle
    """

    def __init__(self, schedule: Schedule, name: str) -> None:
        self.schedule = schedule
        self.name = name
        self.waiting: tuple[str, int, int] | None = None
        self.instruction = -1
        self.steps: Steps = self.run()
        schedule.ready.append(self)

    def run(self) -> Steps:
        """The unit's life."""
        raise NotImplementedError

    def wait(self, timeline: Timeline, count: int, reason: str, tile: int = -1) -> Generator[None, None, int]:
        """First cycle in which ``timeline`` shows ``count``; yields until it is known."""
        while (cycle := timeline.when(count)) == UNKNOWN:
            self.waiting = (reason, tile, count - timeline.total)
            timeline.waiter = self
            yield
        self.waiting = None
        return cycle
