"""Averages that leave padding out: regions of the output whose windows have equally many elements, each a pool."""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from tileloom.compiler.graph import Window
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.movement import assemble
from tileloom.compiler.node import Node
from tileloom.compiler.real_graph import AveragePool, Map
from tileloom.compiler.view import Indices, View
from tileloom.compiler.window_rules import Axis, with_ceil_mode


@dataclass(frozen=True)
class Region:
    """Outputs ``first .. end - 1`` of an axis; their windows have ``kernel`` taps over the inputs ``low .. high - 1``.

    ``before`` and ``after`` count padding that the windows include.
    """

    first: int
    end: int
    kernel: int
    low: int
    high: int
    before: int
    after: int


def regions(axis: Axis, padding_counts: bool, ceil_mode: bool) -> list[Region]:
    """The regions of one axis, in order. Windows have a tap that counts; padding is that of ``axis`` alone."""
    whole = with_ceil_mode(axis) if ceil_mode else axis
    outputs = (whole.size + whole.before + whole.after - whole.span) // whole.stride + 1
    counted = (-axis.before, axis.size + axis.after) if padding_counts else (0, axis.size)
    found: list[Region] = []
    taps: list[tuple[int, int]] = []
    for index in range(outputs):
        start = index * axis.stride - axis.before
        first = max(0, -((start - counted[0]) // axis.dilation))
        last = min(axis.kernel - 1, (counted[1] - 1 - start) // axis.dilation)
        taps.append((first, last))
    index = 0
    while index < outputs:
        end = index
        while end < outputs and taps[end] == taps[index]:
            end += 1
        first, last = taps[index]
        low = index * axis.stride - axis.before + first * axis.dilation
        high = (end - 1) * axis.stride - axis.before + last * axis.dilation + 1
        inside = max(low, 0), min(high, axis.size)
        found.append(Region(index, end, last - first + 1, *inside, inside[0] - low, high - inside[1]))
        index = end
    return found


def lower_regions(node: Node, lowering: Lowering, axes: list[Axis], padding_counts: bool, ceil_mode: bool) -> None:
    """Lower an average pool over the last one or two axes of its first input."""
    map_ = lowering.as_planes(node, 0)
    positions = np.arange(map_.elements, dtype=np.int64).reshape(map_.channels, map_.height, map_.width)
    flat = Axis(1, 1, 1, 1, 0, 0)
    y_axis, x_axis = (flat, axes[0]) if len(axes) == 1 else (axes[0], axes[1])
    shape = node.output_shape() or ()
    targets = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    numbers = targets.reshape(map_.channels, *((1, shape[2]) if len(axes) == 1 else shape[2:]))
    parts: list[tuple[View, Indices]] = []
    both = (regions(axis, padding_counts, ceil_mode) for axis in (y_axis, x_axis))
    for number, (y, x) in enumerate(product(*both)):
        cut = positions[:, y.low : y.high, x.low : x.high]
        read = lowering.arranged(
            node, View(map_.name, map_.shape).reordered(cut), cut.shape, f"{node.outputs[0]}/read {number}"
        )
        window = Window(
            (y.kernel, x.kernel),
            (y_axis.stride, x_axis.stride),
            (y_axis.dilation, x_axis.dilation),
            (y.before, x.before, y.after, x.after),
        )
        planes = (map_.channels, y.end - y.first, x.end - x.first)
        name = lowering.fresh(f"{node.outputs[0]}/region {number}")
        lowering.maps[name] = Map(name, node.outputs[0], *planes, planes)
        source = replace(node.source, node=f"{node.name}/region {number}")
        lowering.emit(AveragePool(source, read.name, name, window))
        parts.append((View(name, planes), numbers[:, y.first : y.end, x.first : x.end]))
    assemble(node, lowering, parts)
