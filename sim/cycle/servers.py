"""The two read servers, memory and map buffer: who gets a burst, and when its beats arrive."""

from tileloom.hw.spec.timing import GRANT_TO_REQUEST, READ_RETIRE
from tileloom.sim.cycle.pauses import Pauses
from tileloom.sim.cycle.timeline import Process, Schedule

NEVER = 1 << 62
"""Later than every cycle."""


class Requester(Process):
    """An address generator: P, A or W, with the burst that it offers or was granted last.

    Members
    -------
    ready : first cycle in which the offered burst may be granted
    beats : its length
    granted : cycle of the grant
    segments : arrival of the beats (handshakes), as ``(first cycle, number)`` without holes
    last : cycle of the last beat
    retired : for each space, first cycle in which no burst of this requester is under way there
    """

    def __init__(self, schedule: Schedule, name: str, priority: int) -> None:
        self.priority = priority
        self.ready = NEVER
        self.beats = 0
        self.granted = 0
        self.segments: list[tuple[int, int]] = []
        self.last = 0
        self.retired = [0, 0]
        super().__init__(schedule, name)

    def offer(self, server: "Server", ready: int, beats: int) -> None:
        """Offer a burst from cycle ``ready`` on, when no burst is under way in the other space.

        The process must ``yield`` at once; it is resumed when the burst is granted.
        """
        other = self.retired[1 - server.space]
        self.ready = ready if ready > other else other
        self.beats = beats
        server.offers[self.priority] = self


class Server:
    """One request register with the bursts under way; grants in the fixed order P, A, W."""

    def __init__(self, schedule: Schedule, space: int, latency: int, outstanding: int, pauses: Pauses) -> None:
        self.space = space
        self.offers: list[Requester | None] = [None, None, None]
        self._schedule = schedule
        self._latency = latency
        self._pauses = pauses
        self._free = 0
        self._last = 0
        self._outstanding = outstanding
        self._retires = [0] * outstanding
        self._oldest = 0

    def next_grant(self) -> int:
        """Cycle of the next grant, NEVER if nothing is offered."""
        ready = NEVER
        for requester in self.offers:
            if requester is not None and requester.ready < ready:
                ready = requester.ready
        return ready if ready > self._free else self._free

    def grant(self, cycle: int) -> None:
        """Grant the first of the bursts that are offered in ``cycle``, and let its requester go on."""
        for requester in self.offers:
            if requester is not None and requester.ready <= cycle:
                break
        else:
            raise AssertionError("a grant without an offer")
        self.offers[requester.priority] = None
        retires, beats = self._retires, requester.beats
        request = cycle + GRANT_TO_REQUEST
        if self._pauses.length:
            request = self._pauses.next_open(request)
        first = request + self._latency
        if first <= self._last:
            first = self._last + 1
        if self._pauses.length:
            segments = self._pauses.segments(first, beats)
            self._last = last = segments[-1][0] + segments[-1][1] - 1
        else:
            segments = [(first, beats)]
            self._last = last = first + beats - 1
        retires[self._oldest] = requester.retired[self.space] = last + READ_RETIRE
        self._oldest = (self._oldest + 1) % self._outstanding
        oldest = retires[self._oldest]
        self._free = request + 1 if request >= oldest else oldest
        requester.granted = cycle
        requester.segments = segments
        requester.last = last
        self._schedule.ready.append(requester)
