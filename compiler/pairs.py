"""Lowering of operators on two operands: sums, products, extrema, with the broadcasting of ONNX.

Where a constant differs from channel to channel at most, the pair is no pair but a gain and an offset. Other constants
become maps of their own. Of two maps the larger keeps its order; the other is put into it, or spread over the pixels
where it has one number for each channel.
"""

from collections.abc import Callable

import numpy as np

from tileloom.compiler.graph import Source
from tileloom.compiler.lowering import Lowering, Refused, planes_of, refuse
from tileloom.compiler.movement import view_or_constant
from tileloom.compiler.node import Array, Constant, Node
from tileloom.compiler.real_graph import Affine, Floats, Map, RealOperator
from tileloom.compiler.rule import Rule
from tileloom.compiler.view import Indices, View, with_order

Pair = Callable[[Source, str, str, str, bool], RealOperator]
"""Makes the operator from its source, ``a``, ``b``, the output, and whether ``a`` and ``b`` are exchanged."""


def _broadcast(node: Node) -> str | None:
    shapes = [node.shape(index) for index in range(len(node.inputs))]
    if any(shape is None for shape in shapes):
        return None
    try:
        np.broadcast_shapes(*(shape for shape in shapes if shape is not None))
    except ValueError:
        return " and ".join(str(list(shape or ())) for shape in shapes)
    return None


BROADCAST = Rule("TL207", "the operands must broadcast to one shape", "resize one of them before", _broadcast)
"""The operands' shapes fit each other."""


def constant_of(node: Node) -> tuple[int, Constant] | None:
    """The constant one of two operands, and its index."""
    for index in (1, 0):
        constant = node.constant(index)
        if constant is not None:
            return index, constant
    return None


def channel_numbers(node: Node, lowering: Lowering, index: int, values: Array) -> Floats | None:
    """One number per channel of the map at ``index`` that ``values`` broadcast to; None where that is not possible."""
    view = lowering.placed(node, index)
    if node.output_shape() != view.shape:
        return None
    try:
        return lowering.per_channel(node, view, values)
    except Refused:
        return None


def lower_affine(node: Node, lowering: Lowering, index: int, gain: Floats, offset: Floats) -> None:
    """Emit ``x * gain + offset`` of the operand ``index``; one number, or one per channel of its map."""
    view = lowering.placed(node, index)
    count = lowering.maps[view.name].channels
    gains, offsets = (np.broadcast_to(np.asarray(each, np.float64), (count,)).copy() for each in (gain, offset))
    lowering.emit(Affine(node.source, view.name, lowering.add_like(node, view), gains, offsets))


def lower_pair(node: Node, lowering: Lowering, first: int, second: int, make: Pair) -> None:
    """Emit ``make(a, b)`` of two operands of the node, constants included."""
    views = [view_or_constant(node, lowering, index) for index in (first, second)]
    shape = node.output_shape()
    if shape is None:
        raise refuse(node, "TL112", "the output's shape must be known", "unknown", "export with fixed sizes")
    for view in views:
        lowering.place(view)
    exchanged = views[1].shape == shape and (views[0].shape != shape or node.constant(first) is not None)
    if exchanged:
        views.reverse()
        first, second = second, first
    a, b = views
    # A view that repeats or selects elements, or is smaller than the result, gets a map of its own first.
    if a.shape != shape or not a.is_permutation:
        numbers = np.broadcast_to(a.positions(), _filled(a.shape, shape))
        numbers = np.ascontiguousarray(np.broadcast_to(numbers, shape))
        name = f"{node.inputs[first]}/whole"
        a = View(lowering.arranged(node, a.reordered(numbers), planes_of(shape), name).name, shape)
    map_ = lowering.maps[a.name]
    positions = lowering.positions(a)
    if map_.elements != int(np.prod(shape, dtype=np.int64)):
        rule = "the shapes that the model states must be those that follow from its operators"
        raise refuse(node, "TL112", rule, f"{list(shape)} for {map_.elements} elements", "export the network again")
    order = np.arange(map_.elements, dtype=np.int64).reshape(shape) if positions is None else positions
    other = _partner(node, lowering, b, map_, order, node.inputs[second])
    lowering.emit(make(node.source, a.name, other, lowering.add_like(node, a), exchanged))


def _filled(shape: tuple[int, ...], whole: tuple[int, ...]) -> tuple[int, ...]:
    return (*(1,) * (len(whole) - len(shape)), *shape)


def _partner(node: Node, lowering: Lowering, view: View, map_: Map, order: Indices, value: str) -> str:
    """A map with the elements of ``view`` beside those of ``map_``, whose value has the ``order``."""
    planes = (map_.channels, map_.height, map_.width)
    wide = np.broadcast_to(view.positions().reshape(_filled(view.shape, order.shape)), order.shape)
    laid = np.empty(map_.elements, dtype=np.int64)
    laid[order.ravel()] = wide.ravel()
    by_channel = laid.reshape(map_.channels, -1)
    spread = map_.elements > map_.channels and bool(np.all(by_channel == by_channel[:, :1]))
    if spread:
        planes, laid = (map_.channels, 1, 1), by_channel[:, 0].copy()
    size = lowering.maps[view.name].elements
    return lowering.arranged(node, with_order(view.name, laid, size=size), planes, value).name
