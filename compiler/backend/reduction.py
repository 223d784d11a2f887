"""The reduction of one output: its loops over the window, the weight of each lane in each step, and its chunks."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]

CACHED = 128
"""Reductions that are kept: mappings that are compared share them."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """Loops ``ky, kx, step`` of a pixel.

    ``index`` has the shape ``(kernel_y, kernel_x, steps, lanes)``: the number of the weight ``(channel, ky, kx)`` in
    the kernel of an output, or -1 where the lane's byte does not count.
    """

    step_window: int
    kernel_x_window: int
    kernel_y_window: int
    index: Indices

    @property
    def loops(self) -> tuple[int, int, int]:
        """Counts of ky, kx, step."""
        kernel_y, kernel_x, steps, _ = self.index.shape
        return kernel_y, kernel_x, steps

    @cached_property
    def words(self) -> int:
        """Steps of a pixel."""
        return int(np.prod(self.loops))


@dataclass(frozen=True, eq=False)
class Chunk:
    """A part of a reduction, all parts being of one size: its window offset and its weights ``(words, lanes)``."""

    offset: int
    index: Indices


@lru_cache(maxsize=CACHED)
def strings(
    kernel: tuple[int, int], dilation_x: int, channels: int, pitch: int, row_window: int, lanes: int, *, taps: bool
) -> Reduction:
    """Dense, row by row: each kernel row is a string of bytes, or with ``taps`` each tap of it is.

    Parameters
    ----------
    channels, pitch : channels that count, and bytes, of a pixel in the window
    row_window : distance of two kernel rows in the window
    """
    kernel_y, kernel_x = kernel
    length = pitch if taps else ((kernel_x - 1) * dilation_x + 1) * pitch
    position = _positions(length, lanes)
    x, channel = position // pitch, position % pitch
    if taps:
        x_of_tap = np.arange(kernel_x).reshape(1, kernel_x, 1, 1)
        counts = (position >= 0) & (channel < channels)
    else:
        x_of_tap = (x // dilation_x)[None, None]
        counts = (position >= 0) & (channel < channels) & (x % dilation_x == 0)
    rows = np.arange(kernel_y).reshape(kernel_y, 1, 1, 1)
    number = (channel * kernel_y + rows) * kernel_x + x_of_tap
    return Reduction(
        step_window=lanes,
        kernel_x_window=dilation_x * pitch if taps else 0,
        kernel_y_window=row_window,
        index=np.where(counts, number, -1),
    )


@lru_cache(maxsize=CACHED)
def whole_string(kernel: tuple[int, int], dilation_x: int, channels: int, pitch: int, lanes: int) -> Reduction:
    """Dense, the kernel's rows interleaved pixel by pixel: one string."""
    kernel_y, kernel_x = kernel
    position = _positions(((kernel_x - 1) * dilation_x + 1) * kernel_y * pitch, lanes)
    x, row, channel = position // (kernel_y * pitch), position // pitch % kernel_y, position % pitch
    counts = (position >= 0) & (channel < channels) & (x % dilation_x == 0)
    number = (channel * kernel_y + row) * kernel_x + x // dilation_x
    return Reduction(lanes, 0, 0, np.where(counts, number, -1)[None, None])


@lru_cache(maxsize=CACHED)
def tap_by_tap(kernel: tuple[int, int], dilation_x: int, pitch: int, row_window: int, lanes: int) -> Reduction:
    """Channelwise, one tap of the kernel a step."""
    index = np.full((*kernel, 1, lanes), -1, np.int64)
    index[:, :, 0, 0] = np.arange(kernel[0] * kernel[1]).reshape(kernel)
    return Reduction(0, dilation_x * pitch, row_window, index)


@lru_cache(maxsize=CACHED)
def neighbours(kernel: tuple[int, int], columns: int, row_window: int, lanes: int, reads: int) -> Reduction:
    """Channelwise, ``reads`` neighbouring taps of a kernel row a step; dilation 1."""
    kernel_y, kernel_x = kernel
    steps = -(-kernel_x // reads)
    x = np.arange(steps)[:, None] * reads + np.arange(lanes)
    counts = (x < kernel_x) & (np.arange(lanes) < reads)
    number = np.arange(kernel_y)[:, None, None, None] * kernel_x + x
    return Reduction(reads * columns, 0, row_window, np.where(counts, number, -1))


@lru_cache(maxsize=CACHED)
def chunks(reduction: Reduction, limit: int) -> tuple[tuple[int, int, int], list[Chunk]] | None:
    """Cut a reduction into equal boxes of at most ``limit`` steps: the loops of a box, and the boxes.

    Boxes follow each other at one distance, so that a loop can run through them: only one of the loops is cut, kernel
    rows, taps or steps. Boxes may overlap, so that none hangs over; a weight counts only in the first. ``None`` where
    cutting one loop is not enough.
    """
    kernel_y, kernel_x, steps = reduction.loops
    if kernel_x * steps <= limit:
        axis, most, distance = 0, limit // (kernel_x * steps), reduction.kernel_y_window
    elif kernel_y == 1 and steps <= limit:
        axis, most, distance = 1, limit // steps, reduction.kernel_x_window
    elif kernel_y == kernel_x == 1:
        axis, most, distance = 2, limit, reduction.step_window
    else:
        return None
    shape = cover(reduction.loops[axis], most, overlap=axis > 0)
    if shape is None:
        return None
    count, stride, size = shape
    lanes = reduction.index.shape[3]
    found = []
    for i in range(count):
        part = np.take(reduction.index, range(i * stride, i * stride + size), axis=axis)
        again = [slice(None)] * 3
        again[axis] = slice(0, size - stride if i else 0)
        part[tuple(again)] = -1
        found.append(Chunk(i * stride * distance, part.reshape(-1, lanes)))
    box = list(reduction.loops)
    box[axis] = size
    return (box[0], box[1], box[2]), found


def cover(count: int, most: int, *, overlap: bool = False) -> tuple[int, int, int] | None:
    """Boxes of one size at one distance that cover 0 .. count exactly with the least work: number, distance, size.

    With ``overlap`` boxes are larger than their distance: the last step of a string may have fewer bytes than lanes, so
    that the last box would otherwise end before the distance to it. ``None`` where no size of at most ``most`` does.

    >>> cover(12, 5), cover(11, 6), cover(4, 9), cover(12, 7, overlap=True), cover(2, 1, overlap=True)
    ((3, 4, 4), (2, 5, 6), (1, 4, 4), (2, 5, 7), None)
    """
    shapes = [(1, count, count)]
    for number in range(2, count + 1):
        distance = count // number
        size = count - (number - 1) * distance
        if overlap and size == distance:
            distance, size = distance - 1, size + number - 1
        if distance > 0:
            shapes.append((number, distance, size))
    fitting = [shape for shape in shapes if shape[2] <= most]
    return min(fitting, key=lambda shape: shape[0] * (shape[2] + 2), default=None)


def _positions(length: int, lanes: int) -> Indices:
    """Byte numbers of a string as (steps, lanes), -1 behind its end."""
    steps = -(-length // lanes)
    position = np.arange(steps * lanes).reshape(steps, lanes)
    return np.where(position < length, position, -1)
