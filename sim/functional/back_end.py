"""The tile's back end: from full-width sums to the bytes of an output slot, by the primitives of ``hw/spec/quant``."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tileloom.hw.spec import isa, quant
from tileloom.hw.spec.quant import Ints

Words = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Constants:
    """What a group's constant words hold, each ``(frames or 1, 1, columns)``."""

    bias: Ints
    multiplier: Ints
    shift: Ints


def read_constants(words: Words, columns: int) -> Constants:
    """Decode weight words ``(frames or 1, constant_words, word_bytes)``: 8 bytes a column, bias first."""
    data = np.ascontiguousarray(words.reshape(len(words), -1)[:, : 8 * columns]).view("<i4").astype(np.int64)
    pairs = data.reshape(len(words), 1, columns, 2)
    packed = pairs[..., 1]
    multiplier = (packed & 0x3FFFF ^ 0x20000) - 0x20000
    return Constants(bias=pairs[..., 0], multiplier=multiplier, shift=packed >> 18 & 0x3F)


def results(
    job: isa.Job, sums: Ints, constants: Constants, table: quant.PiecewiseLinear | None, residual: Words | None
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
        value = np.asarray(
            quant.scaled_add(
                value,
                residual.astype(np.int64),
                job.add_value,
                job.add_residual,
                job.add_addend,
                job.add_shift,
                job.add_zero_point,
                job.add_low,
                job.add_high,
            )
        )
    return value if job.pool == isa.Pool.NONE else _pool(job, value)


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
