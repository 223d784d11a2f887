"""What operators that only move data have in common: views that select and repeat, maps put together from views."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tileloom.compiler.graph import Piece, Window
from tileloom.compiler.lowering import Lowering, planes_of, refuse
from tileloom.compiler.node import Node
from tileloom.compiler.real_graph import Assembly, Convolution, Map
from tileloom.compiler.view import Indices, View, with_order


def lower_movement(node: Node, lowering: Lowering, move: Callable[[Indices], Indices], output: int = 0) -> None:
    """An output of the node is a view: ``move`` maps the table of the first input's elements to that of the output."""
    if lowering.alias_on_host(node):
        return
    view = lowering.view(node, 0)
    moved = view.reordered(move(view.positions()))
    if moved.shape != node.output_shape(output):
        raise refuse(
            node,
            "TL112",
            "the output's shape must be the one that follows from the input",
            f"{list(node.output_shape(output) or ())} where {list(moved.shape)} follows",
            "correct the shape",
        )
    lowering.alias(node, moved, output)


def view_or_constant(node: Node, lowering: Lowering, index: int) -> View:
    """The view of an operand; a constant becomes a map of its own, written by a convolution of zeros with a bias.

    The convolution reads one element of some map, so that constants need no other way into a program.
    """
    constant = node.constant(index)
    if constant is None:
        return lowering.view(node, index)
    values = np.asarray(constant.values, dtype=np.float64)
    name = f"{node.inputs[index]}/constant"
    if name not in lowering.maps:
        if not lowering.maps:
            lowering.place(lowering.views[lowering.network.inputs[0]])
        origin = next(iter(lowering.maps))
        one = lowering.fresh(f"{origin}/element")
        lowering.maps[one] = replace(lowering.maps[origin], name=one, channels=1, height=1, width=1, shape=(1, 1, 1))
        lowering.maps[one] = replace(lowering.maps[one], channels_last=False)
        lowering.emit(Assembly(node.source, one, (Piece(origin, (1, 1, 1), 0, (0, 0, 0), 0, (0, 0, 0)),)))
        lowering.maps[name] = Map(name, node.inputs[index], values.size, 1, 1, (values.size, 1, 1))
        weights = np.zeros((values.size, 1, 1, 1))
        lowering.emit(Convolution(node.source, one, name, weights, values.ravel(), Window((1, 1)), 1))
    return View(name, values.shape)


def assemble(node: Node, lowering: Lowering, parts: Sequence[tuple[View, Indices]], fill: float = 0.0) -> None:
    """The node's first output is a new map: each view's elements go to the given elements of the output's value.

    The map has the order of axes that the first view has in its own map (if it has as many), so that values which are
    channels last stay channels first in their maps.
    """
    shape = node.output_shape()
    if shape is None:
        raise refuse(node, "TL112", "the output's shape must be known", "unknown", "export with fixed sizes")
    for view, _ in parts:
        lowering.place(view)
    first = parts[0][0]
    axes = _axes_by_stride(lowering, first) if len(first.shape) == len(shape) else tuple(range(len(shape)))
    laid = tuple(shape[axis] for axis in axes)
    numbers = np.arange(int(np.prod(laid, dtype=np.int64)), dtype=np.int64).reshape(laid)
    order = numbers.transpose(np.argsort(axes))
    places = order.ravel()
    name = lowering.fresh(node.outputs[0])
    pieces = [piece for view, where in parts for piece in lowering.pieces(node.source, view, places[where])]
    planes = planes_of(laid)
    lowering.maps[name] = Map(name, node.outputs[0], *planes, planes)
    lowering.emit(Assembly(node.source, name, tuple(pieces), fill))
    lowering.views[node.outputs[0]] = with_order(name, order)


def _axes_by_stride(lowering: Lowering, view: View) -> tuple[int, ...]:
    """The value's axes in the order in which the map has them; axes of one element stay where they are."""
    positions = lowering.positions(view)
    if positions is None:
        return tuple(range(len(view.shape)))
    long = [axis for axis, size in enumerate(view.shape) if size > 1]
    first = positions[(0,) * positions.ndim]

    def stride(axis: int) -> int:
        return -abs(int(positions[tuple(int(i == axis) for i in range(positions.ndim))] - first))

    places = iter(sorted(long, key=stride))
    return tuple(next(places) if size > 1 else axis for axis, size in enumerate(view.shape))
