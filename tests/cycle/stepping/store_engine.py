"""The stepper's O engine and the write side of its memory."""

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.cycle.stepping.parts import DescriptorQueue, cut
from tileloom.hw.spec import isa, timing

if TYPE_CHECKING:
    from tests.cycle.stepping.stepper import Stepper


class StoreEngine:
    """O, the write request register, and the write side of the memory."""

    def __init__(self, machine: "Stepper") -> None:
        self.machine = machine
        self.queue = DescriptorQueue(timing.STORE_QUEUE_WORDS)
        self.state = "IDLE"
        self.request = False
        self.awaiting = 0  # memory write bursts without response
        self.map_pending = 0  # slots in the map buffer that are not counted
        self.slots: deque[tuple[int, list[int]]] = deque()  # tile, beats of the slot's bursts
        self.bursts: deque[int] = deque()
        self.reads_left = 0
        self.space = 0
        self.unanswered = 0  # slot reads without handshake
        self.fifo: deque[tuple[int, bool, bool]] = deque()  # not before, last of burst, last of slot
        self.responses: deque[tuple[int, bool]] = deque()

    @property
    def idle(self) -> bool:
        return self.state == "IDLE" and self.queue.empty and self.awaiting == 0 and self.map_pending == 0

    def list_slots(self, store: isa.Store) -> Iterator[tuple[int, list[int]]]:
        for outer in range(store.outer):
            for inner in range(store.inner):
                for part in range(store.parts):
                    for subpart in range(store.subparts):
                        tile = store.tile + part * store.part_tiles + subpart * store.subpart_tiles
                        base = store.address + outer * store.outer_stride + inner * store.inner_stride
                        base += part * store.part_stride + subpart * store.subpart_stride
                        bursts = []
                        for run in range(store.runs):
                            bursts += cut(base + run * store.run_stride, store.run_bytes, self.machine.target)
                        yield tile, bursts

    def set(self, **values: object) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    def step(self, t: int) -> None:
        m = self.machine
        paused = m.paused(t)
        if self.request and not paused:
            m.later(t + 1, lambda: self.set(request=False))
        if self.fifo and not paused and t >= self.fifo[0][0]:
            m.progress = t
            _, burst_over, slot_over = self.fifo.popleft()
            m.later(t + 1, self.answered)
            if burst_over:
                m.later(t + 1, lambda: self.responses.append((t + m.memory.write_latency, slot_over)))
        if self.responses and not paused and t >= self.responses[0][0]:
            m.progress = t
            _, counts = self.responses[0]
            m.later(t + 1, self.responses.popleft)
            m.later(t + timing.WRITE_RETIRE, lambda: self.retire(counts))
        if self.state == "IDLE":
            if self.queue.shadow is not None:
                store = m.instructions[self.queue.shadow]
                assert isinstance(store, isa.Store)
                m.take(self.queue, t)
                self.slots = deque(self.list_slots(store))
                self.space = store.space
                m.later(t + 1, lambda: self.set(state="SLOT"))
        elif self.state == "SLOT":
            tile, bursts = self.slots[0]
            if m.tiles[tile].slots_full > 0:
                m.progress = t
                if bursts:
                    self.bursts = deque(bursts)
                    m.later(t + 1, lambda: self.set(state="COMPUTE"))
                else:
                    self.next_slot(t)
        elif self.state == "COMPUTE":
            m.later(t + 1, lambda: self.set(state="ADDRESS"))
        elif self.state == "ADDRESS":
            if self.space == 0:
                can = not self.request and self.awaiting < m.target.outstanding
            else:
                can = self.awaiting == 0
            if can:
                m.progress = t
                m.later(t + 1, lambda: self.set(state="BEATS", reads_left=self.bursts.popleft()))
                if self.space == 0:
                    m.later(t + 1, lambda: self.set(request=True, awaiting=self.awaiting + 1))
        elif self.state == "BEATS" and (self.space or self.unanswered < timing.WRITE_FIFO):
            self.read(t)

    def read(self, t: int) -> None:
        m = self.machine
        m.progress = t
        burst_over = self.reads_left == 1
        slot_over = burst_over and not self.bursts
        m.later(t + 1, lambda: self.set(reads_left=self.reads_left - 1))
        if self.space == 0:
            m.later(t + 1, lambda: self.set(unanswered=self.unanswered + 1))
            self.fifo.append((t + timing.WRITE_LATENCY, burst_over, slot_over))
        elif slot_over:
            self.map_pending += 1
            m.later(t + timing.MAP_STORE_LATENCY, self.map_stored)
        if slot_over:
            self.next_slot(t)
        elif burst_over:
            m.later(t + 1, lambda: self.set(state="COMPUTE"))

    def next_slot(self, t: int) -> None:
        m = self.machine
        tile, _ = self.slots.popleft()
        m.later(t + 1, lambda: m.tiles[tile].free_slot())
        state = "SLOT" if self.slots else "IDLE"
        m.later(t + 1, lambda: self.set(state=state))

    def answered(self) -> None:
        self.unanswered -= 1

    def retire(self, slot_over: bool) -> None:
        self.awaiting -= 1
        if slot_over:
            self.machine.stored += 1

    def map_stored(self) -> None:
        self.map_pending -= 1
        self.machine.stored += 1
