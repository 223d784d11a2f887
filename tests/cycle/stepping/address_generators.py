"""The stepper's P, A and W."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.cycle.stepping.parts import AddressGenerator, Burst, DescriptorQueue, cut
from tileloom.hw.spec import isa, timing

if TYPE_CHECKING:
    from tests.cycle.stepping.stepper import Stepper


class ProgramFetch(AddressGenerator):
    """P."""

    name = "P"

    def __init__(self, machine: "Stepper") -> None:
        super().__init__(machine)
        target = machine.target
        self.held = 0
        self.ready_beats = 0
        program = machine.program
        size = len(program.instruction_bytes)
        self.plan = iter(
            [("COMPUTE", Burst(beats, 0, self.beat, "P")) for beats in cut(program.instruction_address, size, target)]
        )
        machine.later(1, self.follow)

    def can_offer(self) -> bool:
        assert self.burst is not None
        target = self.machine.target
        return self.held + self.burst.beats <= timing.PROGRAM_BURSTS * target.burst_beats

    def on_grant(self) -> None:
        assert self.burst is not None
        self.held += self.burst.beats
        self.follow()

    def beat(self, t: int) -> None:
        self.machine.later(t + timing.PROGRAM_LATENCY, self.beat_ready)

    def beat_ready(self) -> None:
        self.ready_beats += 1

    def free(self) -> None:
        self.held -= 1


class Loads(AddressGenerator):
    """A."""

    name = "A"

    def __init__(self, machine: "Stepper") -> None:
        super().__init__(machine)
        self.staged = 0
        self.queue = DescriptorQueue(timing.LOAD_QUEUE_WORDS)

    def plan_of(self, load: isa.Load) -> Iterator[tuple[str, object]]:
        m = self.machine
        for band in range(load.bands):
            for part in range(load.parts):
                mask = load.mask << (part * load.part_shift)
                yield "CHUNK", (load, mask, load.after + band * load.after_step)
                if load.rows == 0:
                    continue
                for block in range(load.blocks):
                    for run in range(load.rows // load.rows_per_run):
                        start = load.address + band * load.band_stride + part * load.part_stride
                        start += block * load.block_stride + run * load.run_stride
                        for beats in cut(start, load.run_bytes, m.target):
                            yield "COMPUTE", Burst(beats, load.space, m.loader.beat, "A")

    def can_offer(self) -> bool:
        assert self.burst is not None
        target = self.machine.target
        room = self.staged + self.burst.beats <= target.staging_bursts * target.burst_beats
        return room and super().can_offer()

    def on_grant(self) -> None:
        assert self.burst is not None
        self.staged += self.burst.beats
        self.follow()

    def step(self, t: int) -> None:
        m = self.machine
        super().step(t)
        if self.state == "IDLE" and self.queue.shadow is not None:
            load = m.instructions[self.queue.shadow]
            assert isinstance(load, isa.Load)
            m.take(self.queue, t)
            self.plan = self.plan_of(load)
            m.later(t + 1, self.follow)
        elif self.state == "CHUNK":
            assert isinstance(self.item[1], tuple)
            load, mask, after = self.item[1]
            logs = [tile.residual if load.destination else tile.window for tile in m.masked(mask)]
            room = all(log.reserved - log.tail + load.advance <= log.size for log in logs)
            if room and (not load.wait or (m.stored - after) % 65536 < 32768):
                m.progress = t
                for log in logs:
                    m.later(t + 1, log.reserve, load.advance)
                m.later(t + 1, m.loader.allow_chunk)
                m.later(t + 1, self.follow)


class WeightReads(AddressGenerator):
    """W."""

    name = "W"

    def __init__(self, machine: "Stepper") -> None:
        super().__init__(machine)
        self.queue = DescriptorQueue(timing.WEIGHTS_QUEUE_WORDS)

    def plan_of(self, weights: isa.Weights) -> Iterator[tuple[str, object]]:
        m = self.machine
        for _ in range(weights.repeats):
            address = weights.address
            for _ in range(weights.portions):
                for part in range(weights.parts):
                    mask = weights.mask << (part * weights.part_shift)
                    yield "PORTION", (mask, weights.words)
                    size = weights.beats * m.target.port_bytes
                    left = [weights.beats]

                    def beat(t: int, left: list[int] = left, mask: int = mask) -> None:
                        left[0] -= 1
                        if left[0] == 0:
                            for tile in m.masked(mask):
                                m.later(t + timing.WEIGHTS_LATENCY, tile.weights.arrive, weights.words)

                    for beats in cut(address, size, m.target):
                        yield "COMPUTE", Burst(beats, weights.space, beat, "W")
                    address += size

    def step(self, t: int) -> None:
        m = self.machine
        super().step(t)
        if self.state == "IDLE" and self.queue.shadow is not None:
            weights = m.instructions[self.queue.shadow]
            assert isinstance(weights, isa.Weights)
            m.take(self.queue, t)
            self.plan = self.plan_of(weights)
            m.later(t + 1, self.follow)
        elif self.state == "PORTION":
            assert isinstance(self.item[1], tuple)
            mask, words = self.item[1]
            logs = [tile.weights for tile in m.masked(mask)]
            if all(log.reserved - log.tail + words <= log.size for log in logs):
                m.progress = t
                for log in logs:
                    m.later(t + 1, log.reserve, words)
                m.later(t + 1, self.follow)
