"""Maps computed in interleaved phases: every phase is a convolution, an assembly puts their pixels side by side.

Transposed convolution and interpolation write every n-th row (column) with the same taps of their kernel.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tileloom.compiler.graph import Window
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.movement import assemble
from tileloom.compiler.node import Array, Node
from tileloom.compiler.real_graph import Convolution, Map
from tileloom.compiler.view import View


@dataclass(frozen=True)
class Phase:
    """Rows ``start, start + every, ...`` (``count`` of them) of an output, along one axis.

    Row ``start + n * every`` is the sum over ``t`` of the input's element ``first + n * stride + t * dilation`` times
    tap ``taps[t]``; elements outside count as zero. ``taps`` are numbers of the kernel's taps, -1 for one of zeros.
    """

    start: int
    every: int
    count: int
    first: int
    taps: tuple[int, ...]
    stride: int = 1
    dilation: int = 1

    def padding(self, size: int) -> tuple[int, int]:
        """Padding before and after an input of ``size`` so that a convolution reaches all taps."""
        last = self.first + (self.count - 1) * self.stride + (len(self.taps) - 1) * self.dilation
        return max(0, -self.first), max(0, last + 1 - size)

    @property
    def skipped(self) -> int:
        """Results of such a convolution that stand before the wanted ones; ``first`` is a multiple of ``stride``."""
        return max(0, self.first) // self.stride


def lower_phases(
    node: Node, lowering: Lowering, kernel: Convolution, rows: Sequence[Phase], columns: Sequence[Phase]
) -> None:
    """Emit a convolution for every pair of phases, with the taps of ``kernel`` that they name, and the assembly."""
    read = lowering.maps[kernel.input]
    channels = len(kernel.bias)
    output = node.outputs[0]
    shape = node.output_shape() or ()
    whole = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    table = whole.reshape(channels, *([1] * (4 - len(shape))), *shape[2:])
    if len(rows) == len(columns) == 1:
        y, x = rows[0], columns[0]
        window = _window(y, x, read)
        if (y.skipped, x.skipped, *window.output_size(read.height, read.width)) == (0, 0, *table.shape[1:]):
            name = lowering.add_map(node, *table.shape)
            lowering.emit(_with_taps(replace(kernel, output=name, window=window), y, x))
            return
    parts = []
    for y in rows:
        for x in columns:
            window = _window(y, x, read)
            height, width = window.output_size(read.height, read.width)
            name = lowering.fresh(f"{output}/phase {y.start}, {x.start}")
            lowering.maps[name] = Map(name, output, channels, height, width, (channels, height, width))
            lowering.emit(_with_taps(replace(kernel, output=name, window=window), y, x))
            seen = View(name, (channels, height, width), size=channels * height * width)
            wanted = seen.positions()[:, y.skipped : y.skipped + y.count, x.skipped : x.skipped + x.count]
            parts.append((seen.reordered(wanted), table[:, y.start :: y.every, x.start :: x.every]))
    assemble(node, lowering, parts)


def _window(y: Phase, x: Phase, read: Map) -> Window:
    (top, bottom), (left, right) = y.padding(read.height), x.padding(read.width)
    return Window(
        (len(y.taps), len(x.taps)), (y.stride, x.stride), (y.dilation, x.dilation), (top, left, bottom, right)
    )


def _with_taps(kernel: Convolution, y: Phase, x: Phase) -> Convolution:
    """The kernel with those of its taps, in that order."""
    codes = None if kernel.codes is None else _taken(kernel.codes, y, x)
    return replace(kernel, weights=_taken(kernel.weights, y, x), codes=codes)


def _taken(array: Array, y: Phase, x: Phase) -> Array:
    padded = np.pad(array, ((0, 0), (0, 0), (0, 1), (0, 1)))
    return padded[:, :, list(y.taps)][:, :, :, list(x.taps)]
