"""The O engine: output slots become write bursts."""

from collections.abc import Generator, Sequence

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import MemoryModel, Target
from tileloom.hw.spec.timing import MAP_STORE_LATENCY, WRITE_FIFO, WRITE_LATENCY, WRITE_RETIRE
from tileloom.sim.cycle.bursts import burst_cut
from tileloom.sim.cycle.logs import TileLogs
from tileloom.sim.cycle.pauses import Pauses
from tileloom.sim.cycle.queues import Queue
from tileloom.sim.cycle.timeline import Process, Schedule, Steps, Timeline


class Stores(Process):
    """O: takes the slots of the tiles in the order of its instructions.

    Members
    -------
    stored : counts slots whose last write response has arrived
    """

    def __init__(
        self,
        schedule: Schedule,
        target: Target,
        memory: MemoryModel,
        instructions: Sequence[isa.Instruction],
        queue: Queue,
        tiles: list[TileLogs],
    ) -> None:
        self.stored = Timeline(schedule)
        self._port_bytes, self._burst_bytes = target.port_bytes, target.burst_bytes
        self._latency = memory.write_latency
        self._pauses = Pauses(memory.pause_period, memory.pause_cycles)
        self._instructions = instructions
        self._queue = queue
        self._tiles = tiles
        self._taken_slots = [0] * target.tiles
        self._request_free = 0
        self._response = -1
        self._retires = [0] * target.outstanding
        self._oldest = 0
        self._beats = [-1] * WRITE_FIFO  # handshakes of the last write beats
        self._idle = 0
        super().__init__(schedule, "O")

    def run(self) -> Steps:
        """IDLE, then SLOT for every slot, and so on."""
        queue = self._queue
        cycle = 1
        for count in range(1, 1 << 62):
            self.instruction = -1
            cycle = max(cycle, (yield from self.wait(queue.valid, count, "shadow")))
            queue.take(cycle)
            self.instruction = queue.numbers[count - 1]
            store = self._instructions[self.instruction]
            assert isinstance(store, isa.Store)
            cycle = yield from self._store(store, cycle + 1)
            self._idle = max(self._idle, cycle)
            queue.release(cycle)
            queue.finished.advance(1, self._idle)

    def _store(self, store: isa.Store, cycle: int) -> Generator[None, None, int]:
        """All slots, the first in state SLOT at ``cycle``; returns the cycle of IDLE."""
        for outer in range(store.outer):
            for inner in range(store.inner):
                unit = store.address + outer * store.outer_stride + inner * store.inner_stride
                for part in range(store.parts):
                    for subpart in range(store.subparts):
                        tile = store.tile + part * store.part_tiles + subpart * store.subpart_tiles
                        self._taken_slots[tile] += 1
                        full = self._tiles[tile].slots_full
                        cycle = max(cycle, (yield from self.wait(full, self._taken_slots[tile], "slot", tile)))
                        address = unit + part * store.part_stride + subpart * store.subpart_stride
                        cycle = self._slot(store, address, cycle)
                        self._tiles[tile].slots_free.advance(1, cycle)
        return cycle

    def _slot(self, store: isa.Store, address: int, cycle: int) -> int:
        """The bursts of a slot that is full in state SLOT at ``cycle``; returns the cycle of the next state."""
        cycle += 1
        burst_bytes = self._burst_bytes
        for run in range(store.runs):
            place = (address + run * store.run_stride) % burst_bytes
            for beats in burst_cut(place, store.run_bytes, self._port_bytes, burst_bytes):
                if store.space:
                    cycle = max(cycle + 1, *self._retires) + beats + 1
                else:
                    cycle = self._memory_burst(cycle + 1, beats)
        if store.runs:
            stored = cycle - 1 + MAP_STORE_LATENCY if store.space else self._retires[self._oldest - 1]
            self._idle = max(self._idle, stored)
            self.stored.advance(1, stored)
        return cycle

    def _memory_burst(self, address: int, beats: int) -> int:
        """One write burst, in state ADDRESS at ``address``; returns the cycle after its last slot read."""
        oldest = self._retires[self._oldest]
        if address < self._request_free:
            address = self._request_free
        if address < oldest:
            address = oldest
        if self._pauses.length:
            self._request_free = self._pauses.next_open(address + 1) + 1
            read = self._paused_reads(address, beats)
            last = self._beats[-1]
            response = self._pauses.next_open(max(last + self._latency, self._response + 1))
        else:
            # One read and one beat a cycle: the FIFO is deeper than a beat is late.
            self._request_free = address + 2
            read = address + beats
            response = read + WRITE_LATENCY + self._latency
            if response <= self._response:
                response = self._response + 1
        self._response = response
        self._retires[self._oldest] = retired = response + WRITE_RETIRE
        self._oldest = (self._oldest + 1) % len(self._retires)
        if retired > self._idle:
            self._idle = retired
        return read + 1

    def _paused_reads(self, read: int, beats: int) -> int:
        """The slot reads and write beats of a burst, after cycle ``read``; returns the cycle of the last read."""
        done = self._beats
        first = read + 1 + WRITE_LATENCY
        # One read and one beat a cycle, if all beats before are over and no pause comes between.
        if done[-1] <= read and self._pauses.segments(first, beats) == [(first, beats)]:
            last = read + beats
            self._beats = list(range(last + WRITE_LATENCY - WRITE_FIFO + 1, last + WRITE_LATENCY + 1))
            return last
        for _ in range(beats):
            read = max(read + 1, done[0] + 1)
            beat = self._pauses.next_open(max(read + WRITE_LATENCY, done[-1] + 1))
            done = [*done[1:], beat]
        self._beats = done
        return read


assert WRITE_FIFO > WRITE_LATENCY, "without pauses a slot read never waits for the FIFO of write beats"
