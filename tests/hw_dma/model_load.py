"""The model's A address generator and loader."""

from collections.abc import Iterator
from functools import partial
from itertools import product

from tests.hw_dma.model_state import ModelState
from tileloom.hw.spec import isa, timing


def _place(d: isa.Load, number: int) -> int:
    """Where byte ``number`` of an element goes, behind the element's address."""
    return number // d.piece * d.spread + number % d.piece if d.piece else number


class ModelLoad(ModelState):
    """LOAD: chunks and runs into the staging ring, and elements out of it."""

    def addresses(self) -> Iterator[None]:
        """The A address generator."""
        while True:
            d: isa.Load = yield from self._take("addresses")
            log = "residual" if d.destination else "window"
            for band, part in product(range(d.bands), range(d.parts)):
                mask = d.mask << (part * d.part_shift)
                after = d.after + band * d.after_step
                while (d.wait and (self.stored.at(self.cycle) - after) % 65536 >= 32768) or not self._room(
                    mask, log, d.advance
                ):
                    yield
                self._claim(mask, log, d.advance)
                self.reserved.add(self.cycle + 1, 1)
                yield
                for block, run in product(range(d.blocks), range(d.rows // d.rows_per_run)):
                    address = (
                        d.address
                        + band * d.band_stride
                        + part * d.part_stride
                        + block * d.block_stride
                        + run * d.run_stride
                    )
                    yield from self._read_run(d, address)

    def _read_run(self, d: isa.Load, address: int) -> Iterator[None]:
        left = d.run_bytes
        depth = self.target.staging_bursts * self.target.burst_beats
        while left:
            length, beats = self._cut(address, left)
            yield  # COMPUTE
            while True:
                room = self.staged - self.freed.at(self.cycle) + beats <= depth
                arrivals = None
                if room and not self._other_space("A", d.space):
                    arrivals = self._grant(d.space, "A", address, beats)
                if arrivals:
                    break
                yield
            self.staged += beats
            first = len(self.staging)
            self.staging += [(at + timing.STAGING_LATENCY, b"") for at in arrivals]
            self._deliver(d.space, address, arrivals, partial(self._stage, first))
            address, left = address + length, left - length
            yield

    def _stage(self, first: int, number: int, beat: bytes) -> None:
        visible, _ = self.staging[first + number]
        self.staging[first + number] = (visible, beat)

    def loader(self) -> Iterator[None]:
        """The loader: every element of every row in order."""
        while True:
            d: isa.Load = yield from self._take("loader")
            for _ in range(timing.LOADER_START - 1):
                yield
            for band, part, block in product(range(d.bands), range(d.parts), range(d.blocks)):
                address = d.address + band * d.band_stride + part * d.part_stride + block * d.block_stride
                rows = d.rows_before + d.rows + d.rows_after
                for row in range(rows):
                    number = row - d.rows_before
                    is_data = 0 <= number < d.rows
                    if is_data and number % d.rows_per_run == 0:
                        run_address = address + number // d.rows_per_run * d.run_stride
                        run_start = run_address % self.target.port_bytes
                        self.run_address, self.run_start, self.run_place = run_address, run_start, run_start
                        self.run_beat = self.freed_beats
                    ends_chunk = block == d.blocks - 1 and row == rows - 1
                    yield from self._load_row(d, part, block, row, is_data, ends_chunk)

    def _load_row(
        self, d: isa.Load, part: int, block: int, row: int, is_data: bool, ends_chunk: bool
    ) -> Iterator[None]:
        offset = block * d.block_window + row * d.row_window
        elements = [("pad", d.pad_write, 0, d.pad_pitch)] * d.pad_left
        elements += [("data", d.write, d.take, d.pitch)] * (d.elements - 1)
        last_pitch = d.last_pitch if d.piece else d.last_write if d.pitch == d.write else d.pitch
        elements += [("data", d.last_write, d.last_take, last_pitch)]
        elements += [("pad", d.pad_write, 0, d.pad_pitch)] * d.pad_right
        ends_run = is_data and (row - d.rows_before) % d.rows_per_run == d.rows_per_run - 1
        for number, (kind, write, take, pitch) in enumerate(elements):
            reads = kind == "data" and is_data
            while self.reserved.at(self.cycle) <= 0 or (reads and not self._present(write)):
                yield
            value = bytes([d.pad_value & 0xFF]) * write
            if reads:
                value = self._consume(d, write, take, ends_run and number == d.pad_left + d.elements - 1)
            last = ends_chunk and number == len(elements) - 1
            if last:
                self.reserved.add(self.cycle + 1, -1)
            mask = (d.mask << (part * d.part_shift)) & ((1 << self.target.tiles) - 1)
            if mask:
                line = self.cycle + timing.LOAD_LATENCY - 2
                placed = tuple(sorted((_place(d, i), byte) for i, byte in enumerate(value)))
                self.event(
                    "element", line, mask, d.destination, offset % (1 << 24), placed, last, d.advance if last else 0
                )
            offset += pitch
            yield

    def _present(self, write: int) -> bool:
        """Whether the last byte that the element writes is visible."""
        beat = self.run_beat + (self.run_place + write - 1) // self.target.port_bytes
        return beat < len(self.staging) and self.staging[beat][0] <= self.cycle

    def _consume(self, d: isa.Load, write: int, take: int, ends_run: bool) -> bytes:
        """The element's bytes; what it frees in the staging ring is free in the next cycle."""
        size, burst = self.target.port_bytes, self.target.burst_bytes
        first = self.run_beat + self.run_place // size
        data = b"".join(beat for _, beat in self.staging[first : first + 66])
        value = data[self.run_place % size : self.run_place % size + write]
        after = self.run_address + take
        freed_before = self.freed_beats
        if ends_run:
            self.freed_beats = self.run_beat + -(-(self.run_start + d.run_bytes) // size)
        elif after // burst > self.run_address // burst:
            self.freed_beats = self.run_beat + (self.run_place + take - after % burst) // size
        self.run_address, self.run_place = after, self.run_place + take
        self.freed.add(self.cycle + timing.STAGING_FREE, self.freed_beats - freed_before)
        return value
