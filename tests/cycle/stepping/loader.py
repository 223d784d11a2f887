"""The stepper's loader: a list of elements, looked at one a cycle."""

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.cycle.stepping.parts import DescriptorQueue
from tileloom.hw.spec import isa, timing

if TYPE_CHECKING:
    from tests.cycle.stepping.stepper import Stepper


class Loader:
    """Takes staged bytes, sends elements."""

    def __init__(self, machine: "Stepper") -> None:
        self.machine = machine
        self.state = "IDLE"
        self.queue = DescriptorQueue(timing.LOAD_QUEUE_WORDS)
        self.beats: list[int] = []  # cycles from which each beat ever staged is visible
        self.position = 0  # beats before the present run
        self.allowed = 0  # chunks reserved
        self.chunks = 0  # chunks begun
        self.elements: deque[tuple[str, tuple[int, ...]]] = deque()

    def beat(self, t: int) -> None:
        self.beats.append(t + timing.STAGING_LATENCY)

    def allow_chunk(self) -> None:
        self.allowed += 1

    def list_elements(self, load: isa.Load) -> Iterator[tuple[str, tuple[int, ...]]]:
        """("pad" or "data", (chunk, last beat needed, beats free afterwards)) and ("head", (mask, chunk)) marks."""
        target = self.machine.target
        width, burst_bytes, size = target.port_bytes, target.burst_bytes, target.element_bytes
        for band in range(load.bands):
            for part in range(load.parts):
                self.chunks += 1
                for block in range(load.blocks):
                    for row in range(load.rows_before + load.rows + load.rows_after):
                        for _ in range(load.pad_left):
                            yield "pad", (self.chunks,)
                        inner = row - load.rows_before
                        outside = inner < 0 or inner >= load.rows
                        if not outside and inner % load.rows_per_run == 0:
                            start = load.address + band * load.band_stride + part * load.part_stride
                            start += block * load.block_stride + inner // load.rows_per_run * load.run_stride
                            run_first = start // width
                            run_beats = (start + load.run_bytes - 1) // width - run_first + 1
                            here = start
                        for e in range(load.elements):
                            if outside:
                                yield "pad", (self.chunks,)
                                continue
                            last = e == load.elements - 1
                            take = (load.last_take if last else load.take) * size
                            write = (load.last_write if last else load.write) * size
                            needed = self.position + (here + write - 1) // width - run_first
                            multiple = (here + take) // burst_bytes * burst_bytes
                            freed = 0
                            if multiple > here:
                                freed = self.position + multiple // width - run_first
                            here += take
                            run_over = last and (inner + 1) % load.rows_per_run == 0
                            if run_over:
                                freed = self.position + run_beats
                            yield "data", (self.chunks, needed, freed)
                            if run_over:
                                # Beats that never were read are skipped: the next run starts at its own beat.
                                self.position += run_beats
                        for _ in range(load.pad_right):
                            yield "pad", (self.chunks,)
                yield "head", (load.mask << (part * load.part_shift), load.advance, load.destination)

    def step(self, t: int) -> None:
        m = self.machine
        if self.state == "IDLE":
            if self.queue.shadow is not None:
                load = m.instructions[self.queue.shadow]
                assert isinstance(load, isa.Load)
                m.take(self.queue, t)
                self.elements = deque(self.list_elements(load))
                self.state = "TAKEN"
                m.later(t + timing.LOADER_START, lambda: self.set_state("RUN"))
            return
        if self.state == "TAKEN":
            return
        kind, values = self.elements[0]
        if values[0] > self.allowed:
            return
        if kind == "data":
            _, needed, freed = values
            if needed >= len(self.beats) or self.beats[needed] > t:
                return
            if freed:
                m.later(t + timing.STAGING_FREE, lambda: self.free(freed))
        m.progress = t
        self.elements.popleft()
        if self.elements[0][0] == "head":
            _, (mask, advance, destination) = self.elements.popleft()
            for tile in m.masked(mask):
                log = tile.residual if destination else tile.window
                m.later(t + timing.LOAD_LATENCY, log.arrive, advance)
        if not self.elements:
            m.later(t + 1, lambda: self.set_state("IDLE"))

    freed = 0

    def free(self, until: int) -> None:
        self.machine.a.staged -= until - self.freed
        self.freed = until

    def set_state(self, state: str) -> None:
        self.state = state
