"""Program fetch: the address generator P and the program buffer."""

from tileloom.hw.spec.config import Target
from tileloom.hw.spec.timing import PROGRAM_BURSTS, PROGRAM_LATENCY
from tileloom.sim.cycle.bursts import burst_beats_of
from tileloom.sim.cycle.servers import Requester, Server
from tileloom.sim.cycle.timeline import Process, Schedule, Steps, Timeline


class Fetch(Requester):
    """P: reads the program in whole beats, as the program buffer has room.

    Members
    -------
    ready_beats : cycle in which the first word of each beat is ready for the sequencer, as far as known
    freed : counts beats whose last word was popped
    reader : the process that waits for more beats, if any
    """

    def __init__(self, schedule: Schedule, target: Target, server: Server, address: int, size_bytes: int) -> None:
        self.ready_beats: list[int] = []
        self.freed = Timeline(schedule)
        self.reader: Process | None = None
        self._server = server
        self._capacity = PROGRAM_BURSTS * target.burst_beats
        self._bursts = burst_beats_of(address, size_bytes, target.port_bytes, target.burst_bytes)
        super().__init__(schedule, "P", 0)

    def run(self) -> Steps:
        """COMPUTE, OFFER, and again, from the cycle after start."""
        compute = 1
        requested = 0
        for beats in self._bursts:
            requested += beats
            room = yield from self.wait(self.freed, requested - self._capacity, "program buffer")
            self.offer(self._server, max(compute + 1, room), beats)
            yield
            compute = self.granted + 1
            for first, count in self.segments:
                self.ready_beats.extend(range(first + PROGRAM_LATENCY, first + PROGRAM_LATENCY + count))
            if self.reader is not None:
                self.schedule.ready.append(self.reader)
                self.reader = None
