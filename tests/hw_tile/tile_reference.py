"""One tile's JOB, in plain Python, straight from docs/architecture.md: data only, no cycles."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from tileloom.hw.spec import isa, quant
from tileloom.hw.spec.config import Target


@dataclass
class Unit:
    """What a unit does."""

    job: isa.Job
    first: bool
    last: bool
    inner_last: bool
    job_first: bool
    job_last: bool
    cycles: int
    slot: dict[int, int] = field(default_factory=dict)
    """Bytes of the output slot, where the unit stores results."""
    sent: list[list[int]] = field(default_factory=list)
    """Sums for the next tile, by entry, where it sends."""

    @property
    def stores_results(self) -> bool:
        return self.last and not self.job.to_neighbour

    @property
    def sends(self) -> bool:
        return self.last and bool(self.job.to_neighbour)

    @property
    def adds(self) -> bool:
        return self.stores_results and bool(self.job.add)


def wrap(value: int, bits: int = 32) -> int:
    """Two's complement."""
    return (value + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))


def signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte


def pixels_of(job: isa.Job) -> int:
    return job.pixels_y * job.pixels_x * job.sub_y * job.sub_x


def steps_of(job: isa.Job) -> int:
    return job.slices * job.kernel_y * job.kernel_x * job.steps


def cycles_of(job: isa.Job, target: Target) -> int:
    return job.groups * (target.constant_words + pixels_of(job) * (steps_of(job) + job.idle))


def pixel_offsets(job: isa.Job) -> Iterator[int]:
    for py, px, sy, sx in product(range(job.pixels_y), range(job.pixels_x), range(job.sub_y), range(job.sub_x)):
        yield py * job.pixel_y_window + px * job.pixel_x_window + sy * job.sub_y_window + sx * job.sub_x_window


def step_offsets(job: isa.Job) -> Iterator[int]:
    for s, ky, kx, step in product(range(job.slices), range(job.kernel_y), range(job.kernel_x), range(job.steps)):
        yield s * job.slice_window + ky * job.kernel_y_window + kx * job.kernel_x_window + step * job.step_window


class TileReference:
    """Logs are lists that only grow; bases index them."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.window: list[int] = []
        self.words: list[bytes] = []
        self.residual: list[int] = []
        self.received: list[list[list[int]]] = []
        """Sums of each half, by entry."""
        self.table: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
        self.window_base = self.word_base = self.residual_base = 0
        self.halves_used = 0
        self.stored: dict[int, list[int]] = {}

    def run(self, job: isa.Job) -> Iterator[Unit]:
        """The units of a job; each is computed when it is asked for."""
        for o, i in product(range(job.outer), range(job.inner)):
            inner_last = i == job.inner - 1
            unit = Unit(
                job,
                first=not job.chunked or i == 0,
                last=not job.chunked or inner_last,
                inner_last=inner_last,
                job_first=o == i == 0,
                job_last=inner_last and o == job.outer - 1,
                cycles=cycles_of(job, self.target),
            )
            self._unit(unit)
            self.window_base += job.window_inner + (job.window_outer if inner_last else 0)
            self.word_base += job.weights_inner + (job.weights_outer if inner_last else 0)
            self.residual_base += job.residual_span if unit.adds else 0
            self.halves_used += job.from_neighbour
            yield unit

    def _unit(self, unit: Unit) -> None:
        job, columns = unit.job, self.target.columns
        for group in range(job.groups):
            first_word = self.word_base + group * job.group_words
            constants = b"".join(self.words[first_word : first_word + self.target.constant_words])
            pooled: list[list[int]] = []
            for number, offset in enumerate(pixel_offsets(job)):
                entry = group * pixels_of(job) + number
                sums = self._sums(unit, group, offset, constants, first_word + self.target.constant_words, entry)
                if not unit.last:
                    self.stored[entry] = sums
                elif unit.sends:
                    unit.sent.append(sums)
                else:
                    pooled.append([self._value(unit, group, number, c, sums[c], constants) for c in range(columns)])
                    self._emit(unit, group, number, pooled)

    def _sums(self, unit: Unit, group: int, offset: int, constants: bytes, first_word: int, entry: int) -> list[int]:
        job, target = unit.job, self.target
        sums = [int.from_bytes(constants[8 * c : 8 * c + 4], "little", signed=True) for c in range(target.columns)]
        if not unit.first:
            sums = list(self.stored[entry])
        if job.from_neighbour:
            sums = [wrap(a + b) for a, b in zip(sums, self.received[self.halves_used][entry], strict=True)]
        for number, step in enumerate(step_offsets(job)):
            start = self.window_base + group * job.group_window + offset + step
            for c in range(target.columns):
                if job.mode == isa.Mode.MAXIMUM:
                    sums[c] = max(sums[c], signed(self.window[start + c]))
                    continue
                word = self.words[first_word + number]
                for lane in range(target.lanes):
                    if job.mode == isa.Mode.DENSE:
                        x = signed(self.window[start + lane])
                    elif lane < target.pixels_per_read:
                        x = signed(self.window[start + lane * target.columns + c])
                    else:
                        x = 0
                    sums[c] += x * signed(word[lane * target.columns + c])
                sums[c] = wrap(sums[c])
        return sums

    def _value(self, unit: Unit, group: int, number: int, column: int, total: int, constants: bytes) -> int:
        job = unit.job
        scale = int.from_bytes(constants[8 * column + 4 : 8 * column + 8], "little")
        multiplier, shift = wrap(scale & 0x3FFFF, 18), scale >> 18 & 0x3F
        rounding = quant.Rounding.FLOOR if job.floor else quant.Rounding.HALF_EVEN
        value = int(quant.requantise(total, multiplier, shift, job.zero_point, job.low, job.high, rounding=rounding))
        if job.table:
            table = quant.PiecewiseLinear(*self.table, job.table_shift)
            value = int(table.evaluate(value, job.table_low, job.table_high))
        if job.add:
            place = self.residual_base + number * job.residual_pitch + group * job.slot_group + column
            value = int(
                quant.scaled_add(
                    value,
                    signed(self.residual[place]) if place < len(self.residual) else 0,
                    job.add_value,
                    job.add_residual,
                    job.add_addend,
                    job.add_shift,
                    job.add_zero_point,
                    job.add_low,
                    job.add_high,
                )
            )
        return value

    def _emit(self, unit: Unit, group: int, number: int, values: list[list[int]]) -> None:
        """Write the pixel's results, or those of the pool window that it ends."""
        job = unit.job
        results, place = values[-1], number
        if job.pool != isa.Pool.NONE:
            if (number + 1) % job.pool_count:
                return
            place = number // job.pool_count
            window = values[-job.pool_count :]
            results = [self._pool(job, [pixel[c] for pixel in window]) for c in range(self.target.columns)]
        valid = job.last_valid if group == job.groups - 1 else self.target.columns
        for c in range(min(valid, self.target.columns)):
            unit.slot[place * job.slot_pitch + group * job.slot_group + c] = results[c] & 0xFF

    def _pool(self, job: isa.Job, values: list[int]) -> int:
        if job.pool == isa.Pool.MAXIMUM:
            return quant.saturate(max(values), job.pool_low, job.pool_high)
        return int(
            quant.requantise(
                sum(values),
                job.pool_multiplier,
                job.pool_shift,
                job.pool_zero_point,
                job.pool_low,
                job.pool_high,
                job.pool_addend,
            )
        )
