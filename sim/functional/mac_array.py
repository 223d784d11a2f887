"""The MAC array: activations of the window and weight words of a group's pixels to sums, exactly."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.quant import Ints
from tileloom.sim.functional.buffers import Activations, Index, Log

PIECE_ELEMENTS = 1 << 18
"""Operands that are gathered at a time: bounds the memory that a run takes."""
SINGLE_THREAD_PRODUCTS = 1 << 18
"""OpenBLAS shares larger products between threads, which gains little here and loses much on a busy machine."""
FLOAT32_REDUCTION = 1 << 10
"""Longest sum of products of two bytes that 24 bits hold: 2**10 * 2**7 * 2**7.

In float64 53 bits hold whatever a weight ring can name: 2**21 products of 2**15 * 2**15.
"""


@dataclass(frozen=True)
class LoopNest:
    """Window offsets of one group, in the order of the loops."""

    pixels: Index
    steps: Index


@lru_cache(maxsize=1024)
def loop_nest(job: isa.Job) -> LoopNest:
    """The loops of ``job``: pixels (y, x, sub y, sub x) and the steps of a pixel (slice, kernel y, kernel x, step)."""
    return LoopNest(
        pixels=_offsets(
            (job.pixels_y, job.pixel_y_window),
            (job.pixels_x, job.pixel_x_window),
            (job.sub_y, job.sub_y_window),
            (job.sub_x, job.sub_x_window),
        ),
        steps=_offsets(
            (job.slices, job.slice_window),
            (job.kernel_y, job.kernel_y_window),
            (job.kernel_x, job.kernel_x_window),
            (job.steps, job.step_window),
        ),
    )


def _offsets(*loops: tuple[int, int]) -> Index:
    total = np.zeros(1, np.int64)
    for count, stride in loops:
        total = (total[:, None] + np.arange(count) * stride).reshape(-1)
    return total


def accumulate(job: isa.Job, target: Target, window: Log, group: int, words: Activations, start: Ints) -> Ints:
    """Sums ``(frames, pixels, columns)`` of one group.

    Parameters
    ----------
    words : weight words of the pixel's steps, ``(frames or 1, steps, lanes * columns)``; none in MAXIMUM
    start : what the accumulators start at, broadcast to ``(frames, pixels, columns)``
    """
    nest = loop_nest(job)
    width = {
        isa.Mode.DENSE: target.lanes,
        isa.Mode.CHANNELWISE: target.pixels_per_read * target.columns,
        isa.Mode.MAXIMUM: target.columns,
    }[isa.Mode(job.mode)]
    frames = len(window.data)
    sums = np.empty((frames, len(nest.pixels), target.columns), np.int64)
    piece = max(1, PIECE_ELEMENTS // (frames * len(nest.steps) * width))
    for first in range(0, len(nest.pixels), piece):
        here = slice(first, first + piece)
        steps = nest.pixels[here, None] + nest.steps + group * job.group_window
        operands = window.read(steps[..., None] + np.arange(width))
        sums[:, here] = _reduce(job, target, operands, words)
    if job.mode == isa.Mode.MAXIMUM:
        return np.maximum(start, sums)
    return start + sums


def _reduce(job: isa.Job, target: Target, operands: Activations, words: Activations) -> Ints:
    """``(frames, pixels, steps, width)`` operands and the steps' words to ``(frames, pixels, columns)``."""
    if job.mode == isa.Mode.MAXIMUM:
        return np.asarray(operands.max(axis=2), np.int64)
    weights = words.reshape(len(words), operands.shape[2], target.lanes, target.columns)
    if job.mode == isa.Mode.DENSE:
        return _dense(operands, weights)
    return _channelwise(operands, weights[:, :, : target.pixels_per_read])


def _dense(operands: Activations, weights: Activations) -> Ints:
    frames, pixels, steps, lanes = operands.shape
    columns = weights.shape[3]
    narrow = operands.itemsize == 1 and steps * lanes <= FLOAT32_REDUCTION
    kind: type[Any] = np.float32 if narrow else np.float64
    rows: npt.NDArray[Any] = operands.reshape(frames, pixels, -1).astype(kind)
    matrix: npt.NDArray[Any] = weights.reshape(len(weights), -1, columns).astype(kind)
    if len(matrix) == 1:
        sums = _product(rows.reshape(frames * pixels, -1), matrix[0])
    else:
        sums = np.matmul(rows, matrix)
    return np.asarray(sums.reshape(frames, pixels, columns), np.int64)


def _product(rows: npt.NDArray[Any], matrix: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """``rows @ matrix``, in blocks of rows that BLAS does not share between threads."""
    block = max(1, SINGLE_THREAD_PRODUCTS // matrix.size)
    whole = len(rows) // block * block
    blocks = np.matmul(rows[:whole].reshape(-1, block, rows.shape[1]), matrix)
    return np.concatenate([blocks.reshape(whole, matrix.shape[1]), rows[whole:] @ matrix])


def _channelwise(operands: Activations, weights: Activations) -> Ints:
    frames, pixels, steps, _ = operands.shape
    neighbours, columns = weights.shape[2:]
    taps = operands.reshape(frames, pixels, steps * neighbours, columns).astype(np.int32)
    factors = weights.reshape(len(weights), 1, steps * neighbours, columns).astype(np.int32)
    sums: Ints = (taps * factors).sum(axis=2, dtype=np.int64)
    return sums
