"""A tile: executes its JOBs unit by unit."""

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tileloom.hw.spec import isa, quant, timing
from tileloom.sim.functional.back_end import read_constants, results
from tileloom.sim.functional.buffers import Activations, Log, filled
from tileloom.sim.functional.faults import BrokenRule
from tileloom.sim.functional.mac_array import accumulate, loop_nest
from tileloom.sim.functional.queue import InstructionQueue

if TYPE_CHECKING:
    from tileloom.sim.functional.machine import Machine


class Tile:
    """The state of one tile, and its behaviour in :meth:`run`."""

    def __init__(self, machine: "Machine", number: int, frames: int, fill: int) -> None:
        target = machine.target
        self.machine = machine
        self.target = target
        self.number = number
        self.queue = InstructionQueue(timing.JOB_QUEUE_WORDS)
        size, word = target.element_bytes, target.lanes * target.columns
        self.window = Log(f"window of tile {number}", target.window_activations, frames, 0, fill, size)
        self.residual = Log(f"residual of tile {number}", max(target.residual_activations, 1), frames, 0, fill, size)
        self.weights = Log(f"weights of tile {number}", target.weight_words, 1, word, fill, size)
        self.accumulators = np.zeros((frames, target.accumulator_entries, target.columns), np.int64)
        slots = (frames, timing.SLOTS, target.slot_activations)
        self.slots: Activations = filled(slots, fill, size)
        self.full_slots: deque[int] = deque()
        self.next_slot = 0
        self.full_halves: deque[int] = deque()
        self.next_half = 0
        self.table: quant.PiecewiseLinear | None = None

    @property
    def next_tile(self) -> "Tile":
        """The tile that takes this one's partial sums."""
        return self.machine.tiles[self.number + 1]

    def set_table(self, table: isa.Table) -> None:
        """Take the segments of a TABLE; the shift comes with each job."""
        self.table = quant.PiecewiseLinear(table.slopes, table.offsets, 0)

    def run(self) -> Iterator[str]:
        """Execute JOBs in order; yields what the tile waits for."""
        while True:
            while not self.queue.has_next:
                yield ""
            job = self.queue.take(isa.Job)
            for unit in range(job.outer * job.inner):
                inner = unit % job.inner
                is_last = not job.chunked or inner == job.inner - 1
                while cause := self.waits_for(job, is_last):
                    where = f"JOB tag {job.tag}, unit {unit} of {job.outer * job.inner}"
                    yield f"tile {self.number} ({where}) waits for {cause}"
                self.execute(job, is_first=not job.chunked or inner == 0, is_last=is_last)
                self.move_pointers(job, ends_inner=inner == job.inner - 1, stores=is_last and not job.to_neighbour)
                self.machine.advanced()
            self.queue.finish()

    def waits_for(self, job: isa.Job, is_last: bool) -> str:
        """The first unmet condition of the next unit, or nothing."""
        stores = is_last and not job.to_neighbour
        if job.to_neighbour and is_last and len(self.next_tile.full_halves) == timing.PARTIAL_BUFFERS:
            return "a free half in the tile after, on the local line"
        if job.from_neighbour and not self.full_halves:
            return "partial sums from the tile before, on the local line"
        if (missing := job.window_span - self.window.present) > 0:
            return f"{missing} more activations in its window, from line A"
        if (missing := job.weights_span - self.weights.present) > 0:
            return f"{missing} more words in its weight ring, from line W"
        if job.add and stores and (missing := job.residual_span - self.residual.present) > 0:
            return f"{missing} more activations in its residual buffer, from line A"
        if stores and len(self.full_slots) == timing.SLOTS:
            return "a free output slot, which line O must empty"
        return ""

    def execute(self, job: isa.Job, is_first: bool, is_last: bool) -> None:
        """The loop nest and back end of one unit."""
        nest = loop_nest(job)
        pixels, head = len(nest.pixels), self.target.constant_words
        steps = 0 if job.mode == isa.Mode.MAXIMUM else len(nest.steps)
        lowest = int(nest.pixels.min() + nest.steps.min()) + min(0, (job.groups - 1) * job.group_window)
        if self.window.base + lowest < self.window.tail:
            raise BrokenRule(f"tile {self.number}, JOB tag {job.tag}: a unit must not read what is freed")
        for group in range(job.groups):
            words = self.weights.read(group * job.group_words + np.arange(head + steps))
            constants = read_constants(words[:, :head], self.target)
            entries = slice(group * pixels, (group + 1) * pixels)
            start = constants.bias if is_first else self.accumulators[:, entries]
            sums = accumulate(job, self.target, self.window, group, words[:, head:], start)
            if job.from_neighbour:
                sums = sums + self._half(self.full_halves[0])[:, entries]
            bits = self.target.accumulator_bits
            if np.abs(sums).max() >= 1 << (bits - 1):
                raise BrokenRule(
                    f"tile {self.number}, JOB tag {job.tag}: a sum must fit {bits} bits, it is {sums.max()}"
                )
            if not is_last:
                self.accumulators[:, entries] = sums
            elif job.to_neighbour:
                self.next_tile._half(self.next_tile.next_half)[:, entries] = sums
            else:
                residual = self._residual(job, group, pixels) if job.add else None
                table = self._table_of(job)
                self._fill_slot(job, group, results(job, sums, constants, table, residual).astype(self.slots.dtype))
        if job.from_neighbour:
            self.full_halves.popleft()
        if is_last and job.to_neighbour:
            self.next_tile.full_halves.append(self.next_tile.next_half)
            self.next_tile.next_half = (self.next_tile.next_half + 1) % timing.PARTIAL_BUFFERS
        elif is_last:
            self.full_slots.append(self.next_slot)
            self.next_slot = (self.next_slot + 1) % timing.SLOTS

    def move_pointers(self, job: isa.Job, ends_inner: bool, stores: bool) -> None:
        """What a unit moves at its end."""
        self.window.release(
            job.window_inner + ends_inner * job.window_outer,
            job.window_free_inner + ends_inner * job.window_free_outer,
        )
        self.weights.release(
            job.weights_inner + ends_inner * job.weights_outer,
            job.weights_free_inner + ends_inner * job.weights_free_outer,
        )
        if job.add and stores:
            self.residual.release(job.residual_span, job.residual_span)

    def _half(self, number: int) -> quant.Ints:
        """One half of the accumulator memory, for partial sums."""
        size = self.target.accumulator_entries // timing.PARTIAL_BUFFERS
        return self.accumulators[:, number * size : (number + 1) * size]

    def _table_of(self, job: isa.Job) -> quant.PiecewiseLinear | None:
        if not job.table:
            return None
        if self.table is None:
            raise BrokenRule(f"tile {self.number}, JOB tag {job.tag}: a job with table must follow a TABLE")
        return quant.PiecewiseLinear(self.table.slopes, self.table.offsets, job.table_shift)

    def _residual(self, job: isa.Job, group: int, pixels: int) -> Activations:
        """The residual operand ``(frames, pixels, columns)`` of a group."""
        pixel = np.arange(pixels)[:, None]
        return self.residual.read(pixel * job.residual_pitch + group * job.slot_group + np.arange(self.target.columns))

    def _fill_slot(self, job: isa.Job, group: int, values: Activations) -> None:
        """Write a group's results ``(frames, results, columns)`` to the slot being filled."""
        valid = job.last_valid if group == job.groups - 1 else self.target.columns
        places = np.arange(values.shape[1])[:, None] * job.slot_pitch + group * job.slot_group + np.arange(valid)
        self.slots[:, self.next_slot, places.reshape(-1)] = values[:, :, :valid].reshape(len(values), -1)
