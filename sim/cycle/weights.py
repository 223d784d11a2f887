"""The W address generator: portions of weight words, straight into the tiles' rings."""

from collections.abc import Sequence

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.timing import WEIGHTS_LATENCY
from tileloom.sim.cycle.bursts import burst_cut
from tileloom.sim.cycle.logs import TileLogs
from tileloom.sim.cycle.masks import tiles_of
from tileloom.sim.cycle.queues import Queue
from tileloom.sim.cycle.servers import Requester, Server
from tileloom.sim.cycle.timeline import Schedule, Steps


class WeightPortions(Requester):
    """W: for each portion waits for room in the rings, then offers its bursts one by one."""

    def __init__(
        self,
        schedule: Schedule,
        target: Target,
        instructions: Sequence[isa.Instruction],
        queue: Queue,
        servers: list[Server],
        tiles: list[TileLogs],
    ) -> None:
        self._port_bytes = target.port_bytes
        self._burst_bytes = target.burst_bytes
        self._instructions = instructions
        self._queue = queue
        self._servers = servers
        self._tiles = tiles
        super().__init__(schedule, "W", 2)

    def run(self) -> Steps:
        """IDLE, then PORTION for every portion, and so on."""
        queue = self._queue
        cycle = 1
        for count in range(1, 1 << 62):
            self.instruction = -1
            cycle = max(cycle, (yield from self.wait(queue.valid, count, "shadow")))
            queue.take(cycle)
            cycle += 1
            self.instruction = queue.numbers[count - 1]
            weights = self._instructions[self.instruction]
            assert isinstance(weights, isa.Weights)
            masks = [tiles_of(weights.mask << p * weights.part_shift, len(self._tiles)) for p in range(weights.parts)]
            server = self._servers[weights.space]
            size_bytes = weights.beats * self._port_bytes
            for _ in range(weights.repeats):
                address = weights.address
                for _ in range(weights.portions):
                    for numbers in masks:
                        for number in numbers:
                            log = self._tiles[number].weights
                            log.reserved += weights.words
                            room = log.tail.when(log.reserved - log.size)
                            if room < 0:
                                room = yield from self.wait(log.tail, log.reserved - log.size, "room", number)
                            if room > cycle:
                                cycle = room
                        cycle += 1
                        place = address % self._burst_bytes
                        for beats in burst_cut(place, size_bytes, self._port_bytes, self._burst_bytes):
                            self.offer(server, cycle + 1, beats)
                            yield
                            cycle = self.granted + 1
                        for number in numbers:
                            self._tiles[number].weights.head.advance(weights.words, self.last + WEIGHTS_LATENCY)
                        address += size_bytes
            queue.release(cycle)
            queue.finished.advance(1, max(cycle, *self.retired))
