"""A tile's control: units start when their operands and their room are there, and run without a stall."""

from collections.abc import Generator, Sequence

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.registers import Cause
from tileloom.hw.spec.result import JobTrace
from tileloom.hw.spec.timing import PARTIAL_BUFFERS, SLOTS, partial_latency, result_latency
from tileloom.sim.cycle.logs import TileLogs
from tileloom.sim.cycle.queues import Queue
from tileloom.sim.cycle.timeline import Process, Schedule, Steps


def unit_cycles(job: isa.Job, target: Target) -> int:
    """RUN cycles of one unit."""
    pixels = job.pixels_y * job.pixels_x * job.sub_y * job.sub_x
    pixel = job.slices * job.kernel_y * job.kernel_x * job.steps + job.idle
    return job.groups * (target.constant_words + pixels * pixel)


class Tile(Process):
    """Waits for each condition of a unit in the order of the stall causes, so that the waiting is counted by cause.

    Members
    -------
    stalls : cycles by cause, up to the cycle in which the tile became idle last
    waits : the stalls one by one, as cause, first cycle and the cycle after the last
    idle : that cycle
    trace : one entry for every job done
    unit : number of the unit at work in its job
    """

    def __init__(
        self,
        schedule: Schedule,
        target: Target,
        instructions: Sequence[isa.Instruction],
        queue: Queue,
        logs: TileLogs,
        neighbour: TileLogs | None,
        number: int,
    ) -> None:
        self.stalls = dict.fromkeys(Cause, 0)
        self.waits: list[tuple[Cause, int, int]] = []
        self.idle = 1
        self.trace: list[JobTrace] = []
        self.unit = 0
        self.number = number
        self._target = target
        self._instructions = instructions
        self._queue = queue
        self._logs = logs
        self._neighbour = neighbour
        self._result_latency = result_latency(target)
        self._partial_latency = partial_latency(target)
        self._claimed_slots = 0
        self._claimed_halves = 0
        self._started_halves = 0
        super().__init__(schedule, f"tile {number}")

    def run(self) -> Steps:
        """IDLE, then CHECK and RUN for every unit, and so on."""
        queue, stalls = self._queue, self.stalls
        for count in range(1, 1 << 62):
            self.instruction = -1
            taken = max(self.idle, (yield from self.wait(queue.valid, count, "shadow")))
            self.stall(Cause.JOB, self.idle, taken + 1)
            queue.take(taken)
            self.instruction = queue.numbers[count - 1]
            job = self._instructions[self.instruction]
            assert isinstance(job, isa.Job)
            length = unit_cycles(job, self._target)
            check = taken + 1
            start = 0
            for outer in range(job.outer):
                for inner in range(job.inner):
                    self.unit = outer * job.inner + inner
                    run = yield from self._start(job, inner == job.inner - 1, check)
                    start = start or run
                    check = run + length
                    stalls[Cause.RUN] += length
                    self._finish(job, inner == job.inner - 1, check)
            self.idle = check
            self.trace.append(JobTrace(start=start, end=check - 1, tile=self.number, tag=job.tag))
            queue.release(check - 1 + self._result_latency)
            queue.finished.advance(1, check - 1 + self._result_latency)

    def _start(self, job: isa.Job, last_inner: bool, check: int) -> Generator[None, None, int]:
        """First RUN cycle of a unit that is in CHECK from cycle ``check`` on."""
        logs = self._logs
        last = not job.chunked or last_inner
        cycle = check
        if job.from_neighbour:
            self._started_halves += 1
            cycle = max(cycle, (yield from self.wait(logs.halves_full, self._started_halves, "neighbour")))
        if job.to_neighbour and last:
            if self._neighbour is None:
                raise ValueError(f"to_neighbour must not be set on the last tile, {self.number}; a job there sets it")
            need = self._claimed_halves - PARTIAL_BUFFERS + 1
            self._claimed_halves += 1
            cycle = max(cycle, (yield from self.wait(self._neighbour.halves_free, need, "neighbour free")))
        if cycle > check:
            self.stall(Cause.NEIGHBOUR, check, cycle)
            check = cycle

        log = logs.window
        cycle = log.head.when(log.base + job.window_span)
        if cycle < 0:
            cycle = yield from self.wait(log.head, log.base + job.window_span, "window")
        if cycle > check:
            self.stall(Cause.WINDOW, check, cycle)
            check = cycle

        log = logs.weights
        cycle = log.head.when(log.base + job.weights_span)
        if cycle < 0:
            cycle = yield from self.wait(log.head, log.base + job.weights_span, "weights")
        if cycle > check:
            self.stall(Cause.WEIGHTS, check, cycle)
            check = cycle

        stores = last and not job.to_neighbour
        if stores and job.add:
            log = logs.residual
            cycle = yield from self.wait(log.head, log.base + job.residual_span, "residual")
            if cycle > check:
                self.stall(Cause.RESIDUAL, check, cycle)
                check = cycle

        if stores:
            need = self._claimed_slots - SLOTS + 1
            self._claimed_slots += 1
            cycle = yield from self.wait(logs.slots_free, need, "free slot")
            if cycle > check:
                self.stall(Cause.SLOT, check, cycle)
                check = cycle
        self.stall(Cause.START, check, check + 1)
        return check + 1

    def stall(self, cause: Cause, start: int, end: int) -> None:
        """Count cycles ``start`` to ``end`` (not included) as stalls."""
        self.stalls[cause] += end - start
        self.waits.append((cause, start, end))

    def _finish(self, job: isa.Job, last_inner: bool, after: int) -> None:
        """Pointers and tokens of a unit whose last RUN cycle is the one before ``after``."""
        logs, end = self._logs, after - 1
        outer = 1 if last_inner else 0
        logs.window.base += job.window_inner + outer * job.window_outer
        logs.weights.base += job.weights_inner + outer * job.weights_outer
        free = job.window_free_inner + outer * job.window_free_outer
        if free:
            logs.window.tail.advance(free, after)
        free = job.weights_free_inner + outer * job.weights_free_outer
        if free:
            logs.weights.tail.advance(free, after)
        if job.from_neighbour:
            logs.halves_free.advance(1, end + self._result_latency)
        if job.chunked and not last_inner:
            return
        if job.to_neighbour:
            if self._neighbour is not None:
                self._neighbour.halves_full.advance(1, end + self._partial_latency)
            return
        logs.slots_full.advance(1, end + self._result_latency)
        if job.add:
            logs.residual.base += job.residual_span
            logs.residual.tail.advance(job.residual_span, end + self._result_latency)
