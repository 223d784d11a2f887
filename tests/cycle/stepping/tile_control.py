"""The stepper's tile."""

from typing import TYPE_CHECKING

from tests.cycle.stepping.parts import DescriptorQueue, Log
from tileloom.hw.spec import isa, timing
from tileloom.hw.spec.registers import Cause
from tileloom.hw.spec.result import JobTrace

if TYPE_CHECKING:
    from tests.cycle.stepping.stepper import Stepper


class TileControl:
    """One tile."""

    def __init__(self, machine: "Stepper", number: int) -> None:
        target = machine.target
        self.machine = machine
        self.number = number
        self.queue = DescriptorQueue(timing.JOB_QUEUE_WORDS)
        self.window = Log(target.window_activations)
        self.residual = Log(target.residual_activations)
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
            m.later(t + 1, lambda: self.residual.move(job.residual_span, 0))
            m.later(t + done, lambda: self.residual.move(0, job.residual_span))
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
