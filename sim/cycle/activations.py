"""The A address generator: LOADs become bursts, as tiles and staging ring have room."""

from collections.abc import Generator, Sequence

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.sim.cycle.bursts import burst_cut
from tileloom.sim.cycle.loader import Loader
from tileloom.sim.cycle.logs import Log, TileLogs
from tileloom.sim.cycle.masks import tiles_of
from tileloom.sim.cycle.queues import Queue
from tileloom.sim.cycle.servers import Requester, Server
from tileloom.sim.cycle.timeline import Schedule, Steps, Timeline


class Activations(Requester):
    """A: for each chunk waits for `stored` and for room, then offers the bursts of its runs one by one."""

    def __init__(
        self,
        schedule: Schedule,
        target: Target,
        instructions: Sequence[isa.Instruction],
        queue: Queue,
        servers: list[Server],
        tiles: list[TileLogs],
        loader: Loader,
        stored: Timeline,
    ) -> None:
        self._port_bytes, self._burst_bytes = target.port_bytes, target.burst_bytes
        self._instructions = instructions
        self._queue = queue
        self._servers = servers
        self._tiles = tiles
        self._loader = loader
        self._stored = stored
        self._staged = 0
        self._capacity = target.staging_bursts * target.burst_beats
        self._runs = 0
        super().__init__(schedule, "A", 1)

    def run(self) -> Steps:
        """IDLE, then CHUNK for every chunk, and so on."""
        queue = self._queue
        idle = 1
        for count in range(1, 1 << 62):
            self.instruction = -1
            taken = max(idle, (yield from self.wait(queue.valid, count, "shadow")))
            queue.take(taken)
            self.instruction = queue.numbers[count - 1]
            load = self._instructions[self.instruction]
            assert isinstance(load, isa.Load)
            idle = yield from self._load(load, taken + 1)
            queue.release(idle)
            queue.finished.advance(1, max(idle, *self.retired))

    def _load(self, load: isa.Load, cycle: int) -> Generator[None, None, int]:
        """All chunks, the first in state CHUNK at ``cycle``; returns the cycle of IDLE."""
        parts = []
        for part in range(load.parts):
            numbers = tiles_of(load.mask << part * load.part_shift, len(self._tiles))
            logs = [self._tiles[n].residual if load.destination else self._tiles[n].window for n in numbers]
            parts.append((numbers, logs))
        runs = load.rows // load.rows_per_run if load.rows else 0
        server = self._servers[load.space]
        for band in range(load.bands):
            for part, (numbers, logs) in enumerate(parts):
                cycle = yield from self._room(load.advance, numbers, logs, cycle)
                if load.wait:
                    cycle = yield from self._stored_enough(load.after + band * load.after_step, cycle)
                for log in logs:
                    log.reserved += load.advance
                cycle += 1
                self._loader.chunks.advance(1, cycle)
                chunk = load.address + band * load.band_stride + part * load.part_stride
                for block in range(load.blocks):
                    start = chunk + block * load.block_stride
                    for _ in range(runs):
                        cycle = yield from self._run(start, load.run_bytes, server, cycle)
                        start += load.run_stride
        return cycle

    def _room(self, amount: int, numbers: list[int], logs: list[Log], cycle: int) -> Generator[None, None, int]:
        for number, log in zip(numbers, logs, strict=True):
            need = log.reserved + amount - log.size
            if need > 0:
                cycle = max(cycle, (yield from self.wait(log.tail, need, "room", number)))
        return cycle

    def _stored_enough(self, after: int, cycle: int) -> Generator[None, None, int]:
        """First cycle from ``cycle`` on with ``(stored - after) mod 2**16 < 2**15``."""
        shown = self._stored.shown(cycle)
        missing = (after - shown) % (1 << 16)
        if 0 < missing <= 1 << 15:
            cycle = max(cycle, (yield from self.wait(self._stored, shown + missing, "stored")))
        return cycle

    def _run(self, address: int, size_bytes: int, server: Server, compute: int) -> Generator[None, None, int]:
        """The bursts of a run, the first in state COMPUTE at ``compute``; returns the cycle of the next COMPUTE."""
        freed, burst_bytes = self._loader.freed, self._burst_bytes
        self._runs += 1
        for beats in burst_cut(address % burst_bytes, size_bytes, self._port_bytes, burst_bytes):
            need = self._staged + beats - self._capacity
            ready = compute + 1
            if need > 0:
                room = freed.when(need)
                if room < 0:
                    room = yield from self.wait(freed, need, "staging")
                if room > ready:
                    ready = room
            self._staged += beats
            self.offer(server, ready, beats)
            yield
            compute = self.granted + 1
            self._loader.arrive(self._runs, self.segments)
        return compute
