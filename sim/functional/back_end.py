"""The tile's back end: from full-width sums to the bytes of an output slot, by the primitives of ``hw/spec/quant``."""

from dataclasses import dataclass

import numpy as np

from tileloom.hw.spec import isa, quant
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.quant import Ints
from tileloom.sim.functional.buffers import Activations


@dataclass(frozen=True)
class Constants:
    """What a group's constant words hold, each ``(frames or 1, 1, columns)``."""

    bias: Ints
    multiplier: Ints
    shift: Ints


def read_constants(words: Activations, target: Target) -> Constants:
    """Decode weight words ``(frames or 1, constant_words, lanes * columns)``: for every column bias, then scale."""
    size, columns = target.constant_bytes, target.columns
    data = np.ascontiguousarray(words.reshape(len(words), -1)).view(np.uint8)[:, : size * columns]
    column = data.reshape(len(words), 1, columns, size).astype(np.int64)
    packed = _number(column[..., size - 4 :])
    sign = 1 << (target.accumulator_bits - 1)
    bias = (_number(column[..., : target.accumulator_bits // 8]) ^ sign) - sign
    multiplier = (packed & 0x3FFFF ^ 0x20000) - 0x20000
    return Constants(bias=bias, multiplier=multiplier, shift=packed >> 18 & 0x3F)


def _number(data: Ints) -> Ints:
    """Unsigned numbers of the last axis's bytes, lowest first."""
    number: Ints = (data << (8 * np.arange(data.shape[-1]))).sum(axis=-1)
    return number


def results(
    job: isa.Job, sums: Ints, constants: Constants, table: quant.PiecewiseLinear | None, residual: Activations | None
) -> Ints:
    """Results ``(frames, pooled pixels, columns)`` of a group's sums ``(frames, pixels, columns)``.

    ``residual`` has the shape of the sums and is there when the job has ``add``; ``table`` when it has ``table``.
    """
    value: Ints = np.asarray(
        quant.requantise(
            sums,
            constants.multiplier,
            constants.shift,
            job.zero_point,
            job.low,
            job.high,
            rounding=quant.Rounding.FLOOR if job.floor else quant.Rounding.HALF_EVEN,
        )
    )
    if job.table and table is not None:
        value = np.asarray(table.evaluate(value, job.table_low, job.table_high))
    if job.add and residual is not None:
        value = _combined(job, value, residual.astype(np.int64))
    return value if job.pool == isa.Pool.NONE else _pool(job, value)


def _combined(job: isa.Job, value: Ints, residual: Ints) -> Ints:
    """The add stage's result."""
    match job.combine:
        case isa.Combine.MAXIMUM | isa.Combine.MINIMUM:
            chosen = np.maximum if job.combine == isa.Combine.MAXIMUM else np.minimum
            return np.asarray(quant.saturate(chosen(value, residual), job.add_low, job.add_high))
        case isa.Combine.MULTIPLY:
            tail = (job.add_shift, job.add_zero_point, job.add_low, job.add_high)
            factors = (job.add_addend, job.add_value, job.add_residual)
            return np.asarray(quant.scaled_multiply(value, residual, *factors, *tail))
        case _:
            tail = (job.add_shift, job.add_zero_point, job.add_low, job.add_high)
            factors = (job.add_value, job.add_residual, job.add_addend)
            return np.asarray(quant.scaled_add(value, residual, *factors, *tail))


def _pool(job: isa.Job, value: Ints) -> Ints:
    frames, pixels, columns = value.shape
    windows = value.reshape(frames, pixels // job.pool_count, job.pool_count, columns)
    if job.pool == isa.Pool.MAXIMUM:
        return np.asarray(quant.saturate(windows.max(axis=2), job.pool_low, job.pool_high))
    return np.asarray(
        quant.requantise(
            windows.sum(axis=2),
            job.pool_multiplier,
            job.pool_shift,
            job.pool_zero_point,
            job.pool_low,
            job.pool_high,
            job.pool_addend,
        )
    )
