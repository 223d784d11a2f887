"""The machine of docs/architecture.md, cycle by cycle: slow, plain, and written apart from the simulator.

Every unit is a small state machine. In each cycle the effects that become visible in it are applied, then every unit
looks at what is visible and orders effects for later cycles; none acts in the same cycle, except that an offered burst
is granted in it. This is the judge where simulator and RTL differ.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tileloom.hw.spec import isa, timing
from tileloom.hw.spec.config import MemoryModel, Target
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import Cause
from tileloom.hw.spec.result import FrameTiming, JobTrace


class Hang(Exception):
    """Nothing has happened for very long."""


@dataclass
class DescriptorQueue:
    """Queue, filler and shadow of one unit."""

    depth: int
    words: deque[tuple[int, bool]] = field(default_factory=deque)  # visible words: instruction number, is it its last
    resting: bool = False  # the last word of a descriptor has moved, it is not taken
    moved: int = 0  # words of the present descriptor that have moved
    shadow: int | None = None

    @property
    def empty(self) -> bool:
        return not self.words and not self.moved and not self.resting and self.shadow is None


@dataclass
class Burst:
    """A read burst that is offered, or under way."""

    beats: int
    space: int
    deliver: Callable[[int], None]  # called for every beat in the cycle of its handshake
    owner: str = ""
    left: int = 0


class ReadServer:
    """Memory or map buffer, read side."""

    def __init__(self, machine: "Stepper", space: int) -> None:
        self.machine = machine
        self.space = space
        self.register: Burst | None = None
        self.under_way = 0
        self.by_owner: dict[str, int] = defaultdict(int)
        self.accepted: deque[tuple[int, Burst]] = deque()
        self.latency = timing.MAP_READ_LATENCY if space else machine.memory.read_latency

    def step(self, t: int) -> None:
        machine = self.machine
        paused = self.space == 0 and machine.paused(t)
        if self.accepted and not paused and t >= self.accepted[0][0] + self.latency:
            burst = self.accepted[0][1]
            burst.deliver(t)
            burst.left -= 1
            machine.progress = t
            if not burst.left:
                machine.later(t + 1, self.accepted.popleft)
                machine.later(t + timing.READ_RETIRE, lambda: self.retire(burst))
        # The register may take a new burst only when it is empty at the start of the cycle.
        if self.register is not None:
            if not paused:
                burst_here = self.register
                machine.later(t + 1, self.empty_register)
                machine.later(t + 1, lambda: self.accepted.append((t, burst_here)))
        elif self.under_way < machine.target.outstanding:
            for unit in (machine.p, machine.a, machine.w):
                offered = unit.offered(t)
                if offered is not None and offered.space == self.space:
                    offered.left = offered.beats
                    machine.later(t + 1, lambda unit=unit, offered=offered: self.granted(unit, offered))
                    break

    def empty_register(self) -> None:
        self.register = None

    def granted(self, unit: "AddressGenerator", burst: Burst) -> None:
        self.register = burst
        self.under_way += 1
        self.by_owner[burst.owner] += 1
        unit.on_grant()

    def retire(self, burst: Burst) -> None:
        self.under_way -= 1
        self.by_owner[burst.owner] -= 1


class AddressGenerator:
    """What P, A and W share: a plan of steps that says, state by state, what to do."""

    name = ""

    def __init__(self, machine: "Stepper") -> None:
        self.machine = machine
        self.state = "IDLE"
        self.burst: Burst | None = None
        self.plan: Iterator[tuple[str, object]] = iter(())
        self.item: tuple[str, object] = ("IDLE", None)

    def offered(self, t: int) -> Burst | None:
        if self.state == "OFFER" and self.can_offer():
            return self.burst
        return None

    def can_offer(self) -> bool:
        assert self.burst is not None
        other = self.machine.servers[1 - self.burst.space]
        return other.by_owner[self.name] == 0

    def set_state(self, state: str) -> None:
        self.state = state

    def follow(self) -> None:
        """Go to the state that the plan's next item asks for."""
        self.item = next(self.plan, ("IDLE", None))
        self.state = self.item[0]

    def on_grant(self) -> None:
        self.follow()

    def step(self, t: int) -> None:
        if self.state == "COMPUTE":
            assert isinstance(self.item[1], Burst)
            self.burst = self.item[1]
            self.machine.later(t + 1, lambda: self.set_state("OFFER"))


def cut(address: int, size: int, target: Target) -> list[int]:
    """Beats of the bursts of a run, by looking at every beat."""
    beats = range(address // target.port_bytes, (address + size - 1) // target.port_bytes + 1)
    bursts: list[int] = []
    for i, beat in enumerate(beats):
        if i == 0 or beat % target.burst_beats == 0:
            bursts.append(0)
        bursts[-1] += 1
    return bursts


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
                    m.later(t + 1, lambda log=log, n=load.advance: log.reserve(n))
                m.later(t + 1, m.loader.allow_chunk)
                m.later(t + 1, self.follow)


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
        width, burst_bytes = target.port_bytes, target.burst_bytes
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
                            take = load.last_take if last else load.take
                            write = load.last_write if last else load.write
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
                m.later(t + 1, lambda: self.set_state("RUN"))
            return
        kind, values = self.elements[0]
        if values[0] > self.allowed:
            return
        if kind == "data":
            _, needed, freed = values
            if needed >= len(self.beats) or self.beats[needed] > t:
                return
            if freed:
                m.later(t + 1, lambda: self.free(freed))
        m.progress = t
        self.elements.popleft()
        if self.elements[0][0] == "head":
            _, (mask, advance, destination) = self.elements.popleft()
            for tile in m.masked(mask):
                log = tile.residual if destination else tile.window
                m.later(t + timing.LOAD_LATENCY, lambda log=log, n=advance: log.arrive(n))
        if not self.elements:
            m.later(t + 1, lambda: self.set_state("IDLE"))

    freed = 0

    def free(self, until: int) -> None:
        self.machine.a.staged -= until - self.freed
        self.freed = until

    def set_state(self, state: str) -> None:
        self.state = state


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
                                m.later(
                                    t + timing.WEIGHTS_LATENCY, lambda tile=tile: tile.weights.arrive(weights.words)
                                )

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
                    m.later(t + 1, lambda log=log: log.reserve(words))
                m.later(t + 1, self.follow)


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


@dataclass
class Log:
    """One circular log of a tile."""

    size: int
    reserved: int = 0
    head: int = 0
    base: int = 0
    tail: int = 0

    def reserve(self, amount: int) -> None:
        self.reserved += amount

    def arrive(self, amount: int) -> None:
        self.head += amount

    def move(self, base: int, tail: int) -> None:
        self.base += base
        self.tail += tail


class TileControl:
    """One tile."""

    def __init__(self, machine: "Stepper", number: int) -> None:
        target = machine.target
        self.machine = machine
        self.number = number
        self.queue = DescriptorQueue(timing.JOB_QUEUE_WORDS)
        self.window = Log(target.window_bytes)
        self.residual = Log(target.residual_bytes)
        self.weights = Log(target.weight_words)
        self.state = "IDLE"
        self.job: isa.Job | None = None
        self.outer = self.inner = 0
        self.left = 0
        self.start = 0
        self.slots_claimed = 0  # claimed and not freed
        self.slots_full = 0
        self.halves_claimed = 0
        self.halves_full = 0  # full and not begun to be used
        self.quiet_from = 0
        self.stalls = dict.fromkeys(Cause, 0)
        self.trace: list[JobTrace] = []

    def free_slot(self) -> None:
        self.slots_claimed -= 1
        self.slots_full -= 1

    def add(self, name: str, amount: int) -> None:
        setattr(self, name, getattr(self, name) + amount)

    def set(self, **values: object) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    def idle(self, t: int) -> bool:
        return self.state == "IDLE" and self.queue.empty and t >= self.quiet_from

    def missing(self, job: isa.Job) -> Cause | None:
        m = self.machine
        last = not job.chunked or self.inner == job.inner - 1
        stores = last and not job.to_neighbour
        if job.from_neighbour and self.halves_full < 1:
            return Cause.NEIGHBOUR
        if job.to_neighbour and last and m.tiles[self.number + 1].halves_claimed >= timing.PARTIAL_BUFFERS:
            return Cause.NEIGHBOUR
        if self.window.head - self.window.base < job.window_span:
            return Cause.WINDOW
        if self.weights.head - self.weights.base < job.weights_span:
            return Cause.WEIGHTS
        if stores and job.add and self.residual.head - self.residual.base < job.residual_span:
            return Cause.RESIDUAL
        if stores and self.slots_claimed >= timing.SLOTS:
            return Cause.SLOT
        return None

    def step(self, t: int) -> None:
        m = self.machine
        if self.state == "IDLE":
            self.stalls[Cause.JOB] += 1
            if self.queue.shadow is not None:
                job = m.instructions[self.queue.shadow]
                assert isinstance(job, isa.Job)
                m.take(self.queue, t)
                self.job, self.outer, self.inner, self.start = job, 0, 0, 0
                m.later(t + 1, lambda: self.set(state="CHECK"))
            return
        assert self.job is not None
        job = self.job
        last = not job.chunked or self.inner == job.inner - 1
        stores = last and not job.to_neighbour
        if self.state == "CHECK":
            cause = self.missing(job)
            self.stalls[cause or Cause.START] += 1
            if cause is not None:
                return
            m.progress = t
            pixels = job.pixels_y * job.pixels_x * job.sub_y * job.sub_x
            steps = job.slices * job.kernel_y * job.kernel_x * job.steps + job.idle
            left = job.groups * (m.target.constant_words + pixels * steps)
            m.later(t + 1, lambda: self.set(state="RUN", left=left))
            self.start = self.start or t + 1
            if stores:
                m.later(t + 1, lambda: self.add("slots_claimed", 1))
            if job.to_neighbour and last:
                m.later(t + 1, lambda: m.tiles[self.number + 1].add("halves_claimed", 1))
            if job.from_neighbour:
                m.later(t + 1, lambda: self.add("halves_full", -1))
            return
        m.progress = t
        self.stalls[Cause.RUN] += 1
        if self.left > 1:
            m.later(t + 1, lambda: self.add("left", -1))
            return
        self.end_unit(t, job, last, stores)

    def end_unit(self, t: int, job: isa.Job, last: bool, stores: bool) -> None:
        m = self.machine
        over = self.inner == job.inner - 1
        done = timing.result_latency(m.target)
        self.quiet_from = t + done
        window = (job.window_inner, job.window_free_inner)
        weights = (job.weights_inner, job.weights_free_inner)
        if over:
            window = (window[0] + job.window_outer, window[1] + job.window_free_outer)
            weights = (weights[0] + job.weights_outer, weights[1] + job.weights_free_outer)
        m.later(t + 1, lambda: self.window.move(*window))
        m.later(t + 1, lambda: self.weights.move(*weights))
        if stores and job.add:
            m.later(t + 1, lambda: self.residual.move(job.residual_span, job.residual_span))
        if stores:
            m.later(t + done, lambda: self.add("slots_full", 1))
        if job.to_neighbour and last:
            after = m.tiles[self.number + 1]
            m.later(t + timing.partial_latency(m.target), lambda: after.add("halves_full", 1))
        if job.from_neighbour:
            m.later(t + done, lambda: self.add("halves_claimed", -1))
        self.inner += 1
        if self.inner == job.inner:
            self.inner = 0
            self.outer += 1
        if self.outer == job.outer:
            self.trace.append(JobTrace(self.start, t, self.number, job.tag))
            m.later(t + 1, lambda: self.set(state="IDLE"))
        else:
            m.later(t + 1, lambda: self.set(state="CHECK"))


class Sequencer:
    """Pops the program."""

    def __init__(self, machine: "Stepper") -> None:
        self.machine = machine
        self.words: deque[tuple[int, int]] = deque()  # instruction, place of the word in it
        for number, instruction in enumerate(machine.instructions):
            self.words.extend((number, place) for place in range(len(isa.encode(instruction))))
        self.popped = 0
        self.state = "POP"
        self.queues: list[DescriptorQueue] = []

    def set_state(self, state: str) -> None:
        self.state = state

    def step(self, t: int) -> None:
        m = self.machine
        if self.state != "POP":
            units = [m.tiles[n] for n in m.masked_numbers(self.mask)] if self.state == "TABLE" else None
            quiet = all(tile.idle(t) for tile in (units if units is not None else m.tiles))
            if units is None:
                quiet = quiet and m.units_idle()
            if quiet:
                if self.state == "END":
                    m.done = t
                m.later(t + 1, lambda: self.set_state("POP"))
            return
        per_beat = m.target.port_bytes // 4
        if not self.words or self.popped // per_beat >= m.p.ready_beats:
            return
        number, place = self.words[0]
        instruction = m.instructions[number]
        count = len(isa.encode(instruction))
        sends = 1
        match instruction:
            case isa.Load():
                queues = [m.a.queue, m.loader.queue]
            case isa.Weights():
                queues = [m.w.queue]
            case isa.Store():
                queues = [m.o.queue]
            case isa.Job() if place > 0:
                queues = [tile.queue for tile in m.masked(instruction.mask)]
            case _:
                queues = []
        if any(len(queue.words) > queue.depth - 2 for queue in queues):
            return
        m.progress = t
        for queue in queues:
            word = (number, place == count - 1)
            m.later(t + timing.QUEUE_WRITE, lambda queue=queue, word=word: queue.words.append(word))
        self.words.popleft()
        self.popped += sends
        if self.popped % per_beat == 0:
            m.later(t + 1, m.p.free)
        if isinstance(instruction, isa.Table) and place == 1:
            self.mask = instruction.mask
            m.later(t + 1, lambda: self.set_state("TABLE"))
        elif isinstance(instruction, isa.Barrier):
            m.later(t + 1, lambda: self.set_state("BARRIER"))
        elif isinstance(instruction, isa.End):
            m.later(t + 1, lambda: self.set_state("END"))

    mask = 0


class Stepper:
    """All units of one frame."""

    def __init__(self, program: Program, memory: MemoryModel | None = None) -> None:
        self.program = program
        self.target = program.target
        self.memory = memory or program.target.memory
        self.instructions = program.instructions
        self.effects: dict[int, list[Callable[[], object]]] = defaultdict(list)
        self.progress = 0
        self.stored = 0
        self.done = 0
        self.servers = [ReadServer(self, 0), ReadServer(self, 1)]
        self.p = ProgramFetch(self)
        self.a = Loads(self)
        self.w = WeightReads(self)
        self.loader = Loader(self)
        self.o = StoreEngine(self)
        self.tiles = [TileControl(self, n) for n in range(self.target.tiles)]
        self.sequencer = Sequencer(self)

    def later(self, t: int, effect: Callable[[], object]) -> None:
        """Let an effect become visible in cycle ``t``."""
        self.effects[t].append(effect)

    def paused(self, t: int) -> bool:
        return self.memory.pause_period > 0 and t % self.memory.pause_period < self.memory.pause_cycles

    def masked_numbers(self, mask: int) -> list[int]:
        return [n for n in range(self.target.tiles) if mask >> n & 1]

    def masked(self, mask: int) -> list[TileControl]:
        return [self.tiles[n] for n in self.masked_numbers(mask)]

    def units_idle(self) -> bool:
        for unit in (self.a, self.w):
            if unit.state != "IDLE" or not unit.queue.empty:
                return False
            if any(server.by_owner[unit.name] for server in self.servers):
                return False
        return self.loader.state == "IDLE" and self.loader.queue.empty and self.o.idle

    def take(self, queue: DescriptorQueue, t: int) -> None:
        """A unit takes the shadow."""
        self.progress = t

        def taken() -> None:
            queue.shadow = None
            queue.resting = False

        self.later(t + 1, taken)

    def fill(self, queue: DescriptorQueue, t: int) -> None:
        """The filler of one queue."""
        if not queue.words or queue.resting:
            return
        self.progress = t
        number, last = queue.words[0]

        def moved() -> None:
            queue.words.popleft()
            queue.moved = 0 if last else queue.moved + 1
            queue.resting = last

        def valid() -> None:
            queue.shadow = number

        self.later(t + 1, moved)
        if last:
            self.later(t + timing.QUEUE_READ, valid)

    def run(self, patience: int = 3000) -> FrameTiming:
        """Run to END; ``Hang`` after ``patience`` cycles in which nothing moves."""
        t = 0
        queues = [self.a.queue, self.loader.queue, self.w.queue, self.o.queue, *(tile.queue for tile in self.tiles)]
        while not self.done:
            for effect in self.effects.pop(t, []):
                effect()
            if t > 0:
                for queue in queues:
                    self.fill(queue, t)
                for unit in (self.sequencer, self.p, self.a, self.w, self.loader, self.o, *self.tiles, *self.servers):
                    unit.step(t)
            if t - self.progress > patience:
                raise Hang
            t += 1
        return FrameTiming(
            cycles=self.done,
            trace=tuple(sorted(entry for tile in self.tiles for entry in tile.trace)),
            stalls=tuple(tile.stalls for tile in self.tiles),
        )
