"""The machine once more, one activation and one product at a time, for one frame; written from docs/architecture.md.

It shares the instruction set and the scalar arithmetic with the simulator, and nothing else. Far too slow for anything
but small random programs.
"""

import random
import struct
from collections import deque
from collections.abc import Iterator
from itertools import product

from tileloom.hw.spec import isa, quant
from tileloom.hw.spec.program import Program


def signed(data: bytes | bytearray) -> int:
    """Bytes, lowest first, as a signed number."""
    return int.from_bytes(data, "little", signed=True)


class NaiveLog:
    """A circular buffer of activations or words."""

    def __init__(self, size: int, empty: object) -> None:
        self.cells = [empty] * size
        self.reserved = self.head = self.base = self.tail = 0

    def put(self, offset: int, value: object) -> None:
        self.cells[(self.head + offset) % len(self.cells)] = value

    def get(self, offset: int) -> object:
        return self.cells[(self.base + offset) % len(self.cells)]

    def code(self, offset: int) -> int:
        value = self.get(offset)
        assert isinstance(value, int)
        return value

    def room(self, amount: int) -> bool:
        return self.reserved - self.tail + amount <= len(self.cells)


class NaiveTile:
    """What a tile holds."""

    def __init__(self, program: Program) -> None:
        target = program.target
        self.window = NaiveLog(target.window_activations, 0)
        self.residual = NaiveLog(max(target.residual_activations, 1), 0)
        self.weights = NaiveLog(target.weight_words, bytes(target.word_bytes))
        self.sums: dict[int, list[int]] = {}
        self.received: deque[dict[int, list[int]]] = deque()
        self.slots: deque[list[int]] = deque()
        self.jobs: deque[isa.Job] = deque()
        self.busy = False
        self.table: isa.Table | None = None


class NaiveMachine:
    """Runs a program to END; ``memory`` then holds the result."""

    def __init__(self, program: Program, memory: bytearray) -> None:
        self.program = program
        self.target = program.target
        self.memory = memory
        self.spaces = [memory, bytearray(self.target.map_bytes)]
        self.tiles = [NaiveTile(program) for _ in range(self.target.tiles)]
        self.stored = 0
        self.queues: dict[type, deque[isa.Instruction]] = {k: deque() for k in (isa.Load, isa.Weights, isa.Store)}
        self.under_way: set[type] = set()
        self.progress = 0

    def run(self, turns: random.Random) -> None:
        """Units take turns in random order; a result that depends on it shows a race in the program."""
        units = [self.loads(), self.weights(), self.stores(), *(self.jobs(n) for n in range(len(self.tiles)))]
        sequencer = self.sequence()
        ended = False
        while not ended:
            before = self.progress
            ended = next(sequencer)
            for unit in turns.sample(units, turns.randint(1, len(units))):
                next(unit)
            if self.progress == before:
                for unit in units:
                    next(unit)
            assert ended or self.progress > before, "the naive machine waits for ever"

    def sequence(self) -> Iterator[bool]:
        place, size = self.program.instruction_address, len(self.program.instruction_bytes)
        words = list(struct.unpack(f"<{size // 4}I", self.memory[place : place + size]))
        for instruction in isa.decode_all(words):
            if isinstance(instruction, isa.Load | isa.Weights | isa.Store):
                self.queues[type(instruction)].append(instruction)
            elif isinstance(instruction, isa.Job):
                for tile in self.chosen(instruction.mask):
                    tile.jobs.append(instruction)
            elif isinstance(instruction, isa.Table):
                while any(tile.jobs or tile.busy for tile in self.chosen(instruction.mask)):
                    yield False
                for tile in self.chosen(instruction.mask):
                    tile.table = instruction
            elif isinstance(instruction, isa.Barrier | isa.End):
                while self.under_way or any(self.queues.values()) or any(t.jobs or t.busy for t in self.tiles):
                    yield False
            self.progress += 1
        yield True

    def chosen(self, mask: int) -> list[NaiveTile]:
        return [tile for number, tile in enumerate(self.tiles) if mask & 1 << number]

    def loads(self) -> Iterator[None]:
        while True:
            while not self.queues[isa.Load]:
                yield
            load = self.queues[isa.Load].popleft()
            assert isinstance(load, isa.Load)
            self.under_way.add(isa.Load)
            for band, part in product(range(load.bands), range(load.parts)):
                tiles = self.chosen(load.mask << part * load.part_shift)
                logs = [tile.residual if load.destination else tile.window for tile in tiles]
                while load.wait and (self.stored - load.after - band * load.after_step) & 0xFFFF >= 0x8000:
                    yield
                while not all(log.room(load.advance) for log in logs):
                    yield
                for log in logs:
                    log.reserved += load.advance
                    self.chunk(load, load.address + band * load.band_stride + part * load.part_stride, log)
                    log.head += load.advance
                self.progress += 1
            self.under_way.discard(isa.Load)

    def chunk(self, load: isa.Load, address: int, log: NaiveLog) -> None:
        source, width = self.spaces[load.space], self.target.element_bytes
        for block in range(load.blocks):
            for row in range(load.rows_before + load.rows + load.rows_after):
                data_row = row - load.rows_before
                outer = not 0 <= data_row < load.rows
                if not outer and data_row % load.rows_per_run == 0:
                    run = data_row // load.rows_per_run
                    read = address + block * load.block_stride + run * load.run_stride
                write = block * load.block_window + row * load.row_window
                for _ in range(load.pad_left):
                    for i in range(load.pad_write):
                        log.put(write + self.place(load, i), load.pad_value)
                    write += load.pad_pitch
                for element in range(load.elements):
                    last = element == load.elements - 1
                    for i in range(load.last_write if last else load.write):
                        place = 0 if outer else read + i * width
                        log.put(
                            write + self.place(load, i),
                            load.pad_value if outer else signed(source[place : place + width]),
                        )
                    if not outer:
                        read += (load.last_take if last else load.take) * width
                    if last and load.piece:
                        write += load.last_pitch
                    else:
                        write += load.last_write if last and load.pitch == load.write else load.pitch
                for _ in range(load.pad_right):
                    for i in range(load.pad_write):
                        log.put(write + self.place(load, i), load.pad_value)
                    write += load.pad_pitch

    @staticmethod
    def place(load: isa.Load, number: int) -> int:
        piece, within = divmod(number, load.piece or 1 << 20)
        return piece * load.spread + within

    def weights(self) -> Iterator[None]:
        word_bytes = self.target.word_bytes
        while True:
            while not self.queues[isa.Weights]:
                yield
            weights = self.queues[isa.Weights].popleft()
            assert isinstance(weights, isa.Weights)
            self.under_way.add(isa.Weights)
            for _ in range(weights.repeats):
                address = weights.address
                for _, part in product(range(weights.portions), range(weights.parts)):
                    rings = [tile.weights for tile in self.chosen(weights.mask << part * weights.part_shift)]
                    while not all(ring.room(weights.words) for ring in rings):
                        yield
                    for ring in rings:
                        for word in range(weights.words):
                            first = address + word * word_bytes
                            ring.put(word, bytes(self.spaces[weights.space][first : first + word_bytes]))
                        ring.reserved += weights.words
                        ring.head += weights.words
                    address += weights.beats * self.target.port_bytes
                    self.progress += 1
            self.under_way.discard(isa.Weights)

    def stores(self) -> Iterator[None]:
        while True:
            while not self.queues[isa.Store]:
                yield
            store = self.queues[isa.Store].popleft()
            assert isinstance(store, isa.Store)
            self.under_way.add(isa.Store)
            loops = (store.outer, store.inner, store.parts, store.subparts)
            for o, i, part, subpart in product(*map(range, loops)):
                tile = self.tiles[store.tile + part * store.part_tiles + subpart * store.subpart_tiles]
                while not tile.slots:
                    yield
                slot = tile.slots.popleft()
                address = store.address + o * store.outer_stride + i * store.inner_stride
                address += part * store.part_stride + subpart * store.subpart_stride
                width = self.target.element_bytes
                for run, i in product(range(store.runs), range(store.run_bytes // width)):
                    value = slot[run * store.run_slot + i]
                    first = address + run * store.run_stride + i * width
                    self.spaces[store.space][first : first + width] = value.to_bytes(width, "little", signed=True)
                self.stored += 1 if store.runs else 0
                self.progress += 1
            self.under_way.discard(isa.Store)

    def jobs(self, number: int) -> Iterator[None]:
        tile = self.tiles[number]
        while True:
            while not tile.jobs:
                yield
            job = tile.jobs.popleft()
            tile.busy = True
            for _, inner in product(range(job.outer), range(job.inner)):
                first = not job.chunked or inner == 0
                last = not job.chunked or inner == job.inner - 1
                receiver = self.tiles[number + 1] if job.to_neighbour else None
                stores = last and receiver is None
                while (
                    (receiver is not None and last and len(receiver.received) == 2)
                    or (job.from_neighbour and not tile.received)
                    or tile.window.head - tile.window.base < job.window_span
                    or tile.weights.head - tile.weights.base < job.weights_span
                    or (job.add and stores and tile.residual.head - tile.residual.base < job.residual_span)
                    or (stores and len(tile.slots) == 2)
                ):
                    yield
                self.unit(job, tile, receiver, first, last)
                ends = inner == job.inner - 1
                for log, name in ((tile.window, "window"), (tile.weights, "weights")):
                    log.base += getattr(job, f"{name}_inner") + (getattr(job, f"{name}_outer") if ends else 0)
                    log.tail += getattr(job, f"{name}_free_inner") + (getattr(job, f"{name}_free_outer") if ends else 0)
                if job.add and stores:
                    tile.residual.base += job.residual_span
                    tile.residual.tail += job.residual_span
                self.progress += 1
            tile.busy = False

    def unit(self, job: isa.Job, tile: NaiveTile, receiver: NaiveTile | None, first: bool, last: bool) -> None:
        columns = self.target.columns
        sums: dict[int, list[int]] = {}
        slot = [0] * self.target.slot_activations
        received = tile.received.popleft() if job.from_neighbour else {}
        entry = 0
        for group in range(job.groups):
            constants = b"".join(
                self.word(tile, group * job.group_words + i) for i in range(self.target.constant_words)
            )
            results: list[list[int]] = []
            for pixel in product(*map(range, (job.pixels_y, job.pixels_x, job.sub_y, job.sub_x))):
                size, wide = self.target.constant_bytes, self.target.accumulator_bits // 8
                bias = [signed(constants[size * c : size * c + wide]) for c in range(columns)]
                total = self.pixel(job, tile, group, pixel, bias if first else list(tile.sums[entry]))
                if job.from_neighbour:
                    total = [a + b for a, b in zip(total, received[entry], strict=True)]
                sums[entry] = total
                if last and receiver is None:
                    results.append(self.finish(job, tile, group, len(results), total, constants))
                entry += 1
            if last and receiver is None:
                self.pool(job, group, results, slot)
        if not last:
            tile.sums = sums
        elif receiver is not None:
            receiver.received.append(sums)
        else:
            tile.slots.append(slot)

    def word(self, tile: NaiveTile, offset: int) -> bytes:
        word = tile.weights.get(offset)
        assert isinstance(word, bytes)
        return word

    def pixel(self, job: isa.Job, tile: NaiveTile, group: int, pixel: tuple[int, ...], total: list[int]) -> list[int]:
        lanes, columns = self.target.lanes, self.target.columns
        py, px, sy, sx = pixel
        start = group * job.group_window + py * job.pixel_y_window + px * job.pixel_x_window
        start += sy * job.sub_y_window + sx * job.sub_x_window
        number = group * job.group_words + self.target.constant_words
        for piece, ky, kx, step in product(*map(range, (job.slices, job.kernel_y, job.kernel_x, job.steps))):
            address = start + piece * job.slice_window + ky * job.kernel_y_window
            address += kx * job.kernel_x_window + step * job.step_window
            for column in range(columns):
                if job.mode == isa.Mode.MAXIMUM:
                    total[column] = max(total[column], tile.window.code(address + column))
                    continue
                word = self.word(tile, number)
                for lane in range(lanes):
                    place = (lane * columns + column) * self.target.element_bytes
                    weight = signed(word[place : place + self.target.element_bytes])
                    if job.mode == isa.Mode.DENSE:
                        total[column] += tile.window.code(address + lane) * weight
                    elif lane < self.target.pixels_per_read:
                        total[column] += tile.window.code(address + lane * columns + column) * weight
            number += 1
        return total

    def finish(
        self, job: isa.Job, tile: NaiveTile, group: int, pixel: int, total: list[int], constants: bytes
    ) -> list[int]:
        values = []
        for column, value in enumerate(total):
            packed = struct.unpack_from("<I", constants, (column + 1) * self.target.constant_bytes - 4)[0]
            multiplier = packed & 0x3FFFF
            multiplier -= 0x40000 if multiplier & 0x20000 else 0
            rounding = quant.Rounding(job.floor)
            v = quant.requantise(
                value, multiplier, packed >> 18 & 63, job.zero_point, job.low, job.high, rounding=rounding
            )
            if job.table:
                assert tile.table is not None
                line = quant.PiecewiseLinear(tile.table.slopes, tile.table.offsets, job.table_shift)
                v = line.evaluate(v, job.table_low, job.table_high)
            if job.add:
                assert isinstance(v, int)
                operand = tile.residual.code(pixel * job.residual_pitch + group * job.slot_group + column)
                v = self.combine(job, v, operand)
            assert isinstance(v, int)
            values.append(v)
        return values

    def combine(self, job: isa.Job, value: int, operand: int) -> int:
        tail = (job.add_shift, job.add_zero_point, job.add_low, job.add_high)
        if job.combine == isa.Combine.ADD:
            result = quant.scaled_add(value, operand, job.add_value, job.add_residual, job.add_addend, *tail)
        elif job.combine == isa.Combine.MULTIPLY:
            result = quant.scaled_multiply(value, operand, job.add_addend, job.add_value, job.add_residual, *tail)
        else:
            greater = (value > operand) == (job.combine == isa.Combine.MAXIMUM)
            result = min(max(value if greater else operand, job.add_low), job.add_high)
        assert isinstance(result, int)
        return result

    def pool(self, job: isa.Job, group: int, results: list[list[int]], slot: list[int]) -> None:
        count = job.pool_count if job.pool else 1
        valid = job.last_valid if group == job.groups - 1 else self.target.columns
        for number in range(len(results) // count):
            window = results[number * count : (number + 1) * count]
            for column in range(valid):
                values = [row[column] for row in window]
                value = values[0]
                if job.pool == isa.Pool.MAXIMUM:
                    value = min(max(max(values), job.pool_low), job.pool_high)
                elif job.pool == isa.Pool.SUM:
                    rescaled = quant.requantise(
                        sum(values),
                        job.pool_multiplier,
                        job.pool_shift,
                        job.pool_zero_point,
                        job.pool_low,
                        job.pool_high,
                        job.pool_addend,
                    )
                    assert isinstance(rescaled, int)
                    value = rescaled
                slot[number * job.slot_pitch + group * job.slot_group + column] = value
