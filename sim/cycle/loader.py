"""The loader: staged bytes become elements in the tiles, one a cycle."""

from collections import deque
from collections.abc import Generator, Sequence

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.timing import LOAD_LATENCY, LOADER_START, STAGING_FREE, STAGING_LATENCY
from tileloom.sim.cycle.logs import TileLogs
from tileloom.sim.cycle.masks import tiles_of
from tileloom.sim.cycle.queues import Queue
from tileloom.sim.cycle.timeline import Process, Schedule, Steps, Timeline


class Loader(Process):
    """Emits element ``e`` of a run in ``max(previous + 1, cycle in which its last byte is visible)``.

    Members
    -------
    freed : counts beats of the staging ring that are free again
    chunks : counts chunks that were reserved, from the cycle after that on
    """

    def __init__(
        self,
        schedule: Schedule,
        target: Target,
        instructions: Sequence[isa.Instruction],
        queue: Queue,
        tiles: list[TileLogs],
    ) -> None:
        self.freed = Timeline(schedule)
        self.chunks = Timeline(schedule)
        self._port_bytes = target.port_bytes
        self._element_bytes = target.element_bytes
        self._burst_beats = target.burst_beats
        self._instructions = instructions
        self._queue = queue
        self._tiles = tiles
        self._pieces: deque[tuple[int, int, int]] = deque()
        self._runs = 0
        self._chunks = 0
        self._blocked = False
        super().__init__(schedule, "loader")

    def arrive(self, run: int, segments: list[tuple[int, int]]) -> None:
        """Beats of a burst of run number ``run``: ``(cycle of the first handshake, number)`` without holes."""
        for first, count in segments:
            self._pieces.append((run, first + STAGING_LATENCY, count))
        if self._blocked:
            self._blocked = False
            self.schedule.ready.append(self)

    def run(self) -> Steps:
        """IDLE, then RUN for the elements of a descriptor, and so on."""
        queue = self._queue
        idle = 1
        for count in range(1, 1 << 62):
            self.instruction = -1
            taken = max(idle, (yield from self.wait(queue.valid, count, "shadow")))
            queue.take(taken)
            self.instruction = queue.numbers[count - 1]
            load = self._instructions[self.instruction]
            assert isinstance(load, isa.Load)
            idle = 1 + (yield from self._load(load, taken + LOADER_START - 1))
            queue.release(idle)
            queue.finished.advance(1, idle)

    def _load(self, load: isa.Load, cycle: int) -> Generator[None, None, int]:
        """All chunks, the first element after ``cycle``; returns the cycle of the last element."""
        row = load.pad_left + load.elements + load.pad_right
        before, after = load.rows_before * row, load.rows_after * row
        runs = load.rows // load.rows_per_run if load.rows else 0
        parts = []
        for part in range(load.parts):
            tiles = [self._tiles[n] for n in tiles_of(load.mask << part * load.part_shift, len(self._tiles))]
            parts.append([tile.residual.head if load.destination else tile.window.head for tile in tiles])
        for band in range(load.bands):
            for part, heads in enumerate(parts):
                self._chunks += 1
                cycle = max(cycle, (yield from self.wait(self.chunks, self._chunks, "chunk")) - 1)
                chunk = load.address + band * load.band_stride + part * load.part_stride
                for block in range(load.blocks):
                    cycle += before
                    address = chunk + block * load.block_stride
                    for _ in range(runs):
                        cycle = yield from self._run(load, address, cycle)
                        address += load.run_stride
                    cycle += after
                for head in heads:
                    head.advance(load.advance, cycle + LOAD_LATENCY)
        return cycle

    def _run(self, load: isa.Load, address: int, cycle: int) -> Generator[None, None, int]:
        """The rows of one run, after ``cycle``; returns the cycle of its last element.

        A piece of a row is the elements whose last written byte lies in one gapless stretch of beats. Within it the
        time of the last element is ruled by the first one (elements narrower than a beat) or by the last one (wider
        ones), and only these two can pass a multiple of `burst_bytes`.
        """
        width, burst, size = self._port_bytes, self._burst_beats, self._element_bytes
        self._runs += 1
        first_beat = address // width
        place = address % width  # bytes, from the run's first beat on
        beats = -(-(place + load.run_bytes) // width)
        begin = self.freed.total
        freed = end = end_bytes = visible = 0  # beats of this run that are free; end of the present stretch
        for row in range(load.rows_per_run):
            cycle += load.pad_left
            left = load.elements
            take, write = load.take * size, load.write * size
            while left:
                if left == 1:
                    take, write = load.last_take * size, load.last_write * size
                while (beat := (place + write - 1) // width) >= end:
                    seen, count = yield from self._next_piece()
                    visible = seen - end
                    end += count
                    end_bytes = end * width
                first = max(cycle + 1, visible + beat)
                passed = (first_beat + (place + take) // width) // burst * burst - first_beat
                if passed > freed:
                    self.freed.advance(passed - freed, first + STAGING_FREE)
                    freed = passed
                count = 1 if left == 1 else min((end_bytes - place - write) // take + 1, left - 1)
                place += count * take
                cycle = max(first + count - 1, visible + (place - take + write - 1) // width)
                left -= count
                passed = (first_beat + place // width) // burst * burst - first_beat
                if passed > freed:
                    self.freed.advance(passed - freed, cycle + STAGING_FREE)
                    freed = passed
            if row == load.rows_per_run - 1:
                self.freed.advance(begin + beats - self.freed.total, cycle + STAGING_FREE)
            cycle += load.pad_right
        return cycle

    def _next_piece(self) -> Generator[None, None, tuple[int, int]]:
        """The next stretch of beats of this run (cycle in which the first is visible, number).

        What earlier runs left unread is dropped.
        """
        pieces = self._pieces
        while True:
            while not pieces:
                self.waiting = ("bytes", -1, 0)
                self._blocked = True
                yield
            piece = pieces.popleft()
            if piece[0] == self._runs:
                self.waiting = None
                return piece[1], piece[2]
