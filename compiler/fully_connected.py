"""Products with a constant matrix as convolutions.

Of one row the kernel is the whole map, so that flattening before it costs nothing. Of several rows the axis that is
summed over becomes that of channels and the kernel is 1x1; a value that is channels last is so already.
"""

import numpy as np

from tileloom.compiler.graph import Window
from tileloom.compiler.lowering import Lowering, refuse
from tileloom.compiler.node import Array, Node
from tileloom.compiler.real_graph import Convolution, Floats, Map
from tileloom.compiler.view import with_order
from tileloom.compiler.weights import Weights


def lower_linear(
    node: Node, lowering: Lowering, weights: Weights, bias: Floats, operand: int = 0, axis: int = -1, out: int = -1
) -> None:
    """Lower ``y[..., o, ...] = bias[o] + sum(x[..., k, ...] * weights[o, k])``.

    ``x`` is the node's input ``operand``, of any view; ``k`` runs along its ``axis``, ``o`` along axis ``out`` of the
    output; the other axes keep their order.
    """
    shape = lowering.view(node, operand).shape
    if int(np.prod(shape)) == shape[axis]:
        _lower_row(node, lowering, weights, bias, operand)
        return
    output = node.output_shape()
    if output is None:
        raise refuse(node, "TL112", "the output's shape must be known", "unknown", "export with fixed sizes")
    view = lowering.view(node, operand)
    moved = view.reordered(np.moveaxis(view.positions(), axis, 0))
    rows = moved.shape[1:]
    planes = (moved.shape[0], int(np.prod(rows[:-1])), rows[-1])
    known = lowering.maps.get(view.name)
    if known is not None and known.channels == planes[0] and lowering.positions(moved) is None:
        planes = (known.channels, known.height, known.width)
    read = lowering.arranged(node, moved, planes, node.inputs[operand])
    count = len(weights.values)
    name = lowering.fresh(node.outputs[0])
    lowering.maps[name] = Map(name, node.outputs[0], count, *planes[1:], (count, *planes[1:]))
    codes = None if weights.codes is None else weights.codes.reshape(count, -1, 1, 1)
    values = weights.values.reshape(count, -1, 1, 1)
    lowering.emit(Convolution(node.source, read.name, name, values, bias, Window((1, 1)), 1, codes, weights.scales))
    table = np.arange(count * int(np.prod(rows)), dtype=np.int64).reshape(count, *rows)
    lowering.views[node.outputs[0]] = with_order(name, np.moveaxis(table, 0, out).reshape(output))


def _lower_row(node: Node, lowering: Lowering, weights: Weights, bias: Floats, operand: int) -> None:
    """Emit a convolution whose kernel is the whole map."""
    view = lowering.placed(node, operand)
    map_ = lowering.maps[view.name]
    positions = lowering.positions(view)
    outputs = weights.values.shape[0]
    shape = (outputs, map_.channels, map_.height, map_.width)

    def spread(values: Array) -> Array:
        if positions is None:
            return values.reshape(shape)
        laid = np.empty((outputs, map_.elements), dtype=values.dtype)
        laid[:, positions.ravel()] = values
        return laid.reshape(shape)

    codes = None if weights.codes is None else spread(weights.codes)
    output = lowering.add_map(node, outputs, 1, 1)
    window = Window((map_.height, map_.width))
    lowering.emit(
        Convolution(node.source, map_.name, output, spread(weights.values), bias, window, 1, codes, weights.scales)
    )
