"""Lowering of reductions over any axes: pools where they go over height and width, else a convolution or a new order.

The mean over a map's height and width is one pool whatever the order of the value; that over channels is a convolution
of one output. What is neither (a part of the channels, any other order) is first put into a map whose rows are reduced.
"""

from enum import Enum

import numpy as np
import onnx

from tileloom.compiler.expansion import part
from tileloom.compiler.graph import Window
from tileloom.compiler.lowering import Lowering, planes_of
from tileloom.compiler.node import Array, Node
from tileloom.compiler.real_graph import AveragePool, Convolution, MaximumPool
from tileloom.compiler.rule import Rule, constant_operand
from tileloom.compiler.view import View


class Reduction(Enum):
    """What is computed of the numbers that become one."""

    MEAN = "mean"
    SUM = "sum"
    MAXIMUM = "maximum"


def reduced_axes(node: Node) -> tuple[int, ...]:
    """The axes of a Reduce operator, ascending, not negative; all if none are given; none if that is asked for."""
    rank = len(node.shape(0) or ())
    given = node.integers_operand(1, "axes")
    if not given:
        return () if node.integer("noop_with_empty_axes", 0) else tuple(range(rank))
    return tuple(sorted(axis % rank for axis in given))


def _axes(node: Node) -> str | None:
    if node.has_input(1) and node.constant(1) is None:
        return None
    rank = len(node.shape(0) or ())
    given = node.integers_operand(1, "axes") or ()
    right = all(-rank <= axis < rank for axis in given) and len({axis % rank for axis in given}) == len(given)
    return None if right else f"axes {list(given)} of {rank}"


AXES_RULES = (
    constant_operand(1, "axes"),
    Rule("TL211", "axes must be different axes of the input", "correct the axes", _axes),
)
"""Rules of the Reduce operators."""


def reduction_part(op: str, node: Node, data: str, output: str) -> tuple[onnx.NodeProto, dict[str, Array]]:
    """A Reduce node over the same axes as ``node``, as its operator set wants it, and the constants it needs."""
    return reduction_over(op, node, reduced_axes(node), data, output, node.integer("keepdims", 1))


def reduction_over(
    op: str, node: Node, axes: tuple[int, ...], data: str, output: str, keepdims: int = 1
) -> tuple[onnx.NodeProto, dict[str, Array]]:
    """A Reduce node over ``axes``, none of them meaning a copy."""
    if not axes:
        return part("Identity", data, output), {}
    if node.opset < (13 if op == "ReduceSum" else 18):
        return part(op, data, output, axes=list(axes), keepdims=keepdims), {}
    return part(op, f"{data} .axes", output, keepdims=keepdims), {".axes": np.asarray(axes, dtype=np.int64)}


def lower_reduction(node: Node, lowering: Lowering, axes: tuple[int, ...], kind: Reduction) -> None:
    """Lower the reduction of the first input over ``axes`` of the value as ONNX sees it."""
    view = lowering.placed(node, 0)
    axes = tuple(axis for axis in axes if view.shape[axis] > 1)
    shape = node.output_shape()
    if not axes and shape is not None:
        lowering.alias(node, view.reshaped(shape))
        return
    if _over_planes(node, lowering, view, axes, kind):
        return
    kept = [axis for axis in range(len(view.shape)) if axis not in axes]
    moved = view.transposed((*kept, *axes))
    width = int(np.prod([view.shape[axis] for axis in axes]))
    planes = (view.elements // width, 1, width)
    map_ = lowering.arranged(node, moved, planes, f"{node.inputs[0]}/rows")
    _pool(node, lowering, map_.name, (planes[0], 1, 1), Window((1, width)), kind)


def _over_planes(node: Node, lowering: Lowering, view: View, axes: tuple[int, ...], kind: Reduction) -> bool:
    """Reduce a map as it lies, where the axes are its own; whether they are."""
    map_, positions = lowering.maps[view.name], lowering.positions(view)
    area = map_.height * map_.width
    plain = view.positions() if positions is None else positions
    moved = np.moveaxis(plain, axes, tuple(range(-len(axes), 0))).reshape(-1, _product(view.shape, axes))
    channels = moved // area
    if moved.shape == (map_.channels, area) and np.all(channels == channels[:, :1]):
        order = None if np.array_equal(channels[:, 0], np.arange(map_.channels)) else channels[:, 0].copy()
        output = lowering.add_map(node, map_.channels, 1, 1, order)
        _emit(node, lowering, map_.name, output, Window((map_.height, map_.width)), kind)
        return True
    planes = planes_of(view.shape)
    own = positions is None and (map_.channels, map_.height, map_.width) == planes and len(view.shape) <= 4
    if not own or (kind is Reduction.MAXIMUM and 1 in axes):
        return False
    # A value of 3 axes is a map of height 1, one of 2 axes has a width of 1 too.
    places = {2: {1: 0}, 3: {1: 0, 2: 2}, 4: {1: 0, 2: 1, 3: 2}}.get(len(view.shape))
    if places is None or view.shape[0] != 1:
        return False
    over = {places[axis] for axis in axes}
    window = Window((planes[1] if 1 in over else 1, planes[2] if 2 in over else 1))
    left = (1 if 0 in over else planes[0], 1 if 1 in over else planes[1], 1 if 2 in over else planes[2])
    if 0 not in over:
        _pool(node, lowering, map_.name, left, window, kind)
        return True
    count = _product(view.shape, axes) if kind is Reduction.MEAN else 1
    codes = np.ones((1, planes[0], *window.kernel), dtype=np.int64)
    scales = np.full(1, 1.0 / count)
    output = lowering.add_map(node, *left)
    lowering.emit(Convolution(node.source, map_.name, output, codes / count, np.zeros(1), window, 1, codes, scales))
    return True


def _product(shape: tuple[int, ...], axes: tuple[int, ...]) -> int:
    return int(np.prod([shape[axis] for axis in axes]))


def _pool(
    node: Node, lowering: Lowering, name: str, planes: tuple[int, int, int], window: Window, kind: Reduction
) -> None:
    _emit(node, lowering, name, lowering.add_map(node, *planes), window, kind)


def _emit(node: Node, lowering: Lowering, name: str, output: str, window: Window, kind: Reduction) -> None:
    if kind is Reduction.MAXIMUM:
        lowering.emit(MaximumPool(node.source, name, output, window))
        return
    gain = float(window.kernel[0] * window.kernel[1]) if kind is Reduction.SUM else 1.0
    lowering.emit(AveragePool(node.source, name, output, window, gain=gain))
