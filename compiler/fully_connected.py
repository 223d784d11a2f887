"""Linear layers as convolutions whose kernel is the whole map, so that flattening before them costs nothing."""

import numpy as np

from tileloom.compiler.graph import Window
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.real_graph import Convolution, Floats
from tileloom.compiler.weights import Weights


def lower_linear(node: Node, lowering: Lowering, weights: Weights, bias: Floats) -> None:
    """Lower ``y[o] = bias[o] + sum(x[k] * weights[o, k])``; ``x`` is the node's first input, of any view."""
    view = lowering.placed(node, 0)
    map_ = lowering.maps[view.name]
    positions = lowering.positions(view)
    outputs = weights.values.shape[0]
    shape = (outputs, map_.channels, map_.height, map_.width)

    def spread(values: Floats) -> Floats:
        if positions is None:
            return values.reshape(shape)
        laid = np.empty((outputs, map_.elements), dtype=values.dtype)
        laid[:, positions.ravel()] = values
        return laid.reshape(shape)

    codes = None if weights.codes is None else np.asarray(spread(weights.codes.astype(np.float64)), dtype=np.int64)
    output = lowering.add_map(node, outputs, 1, 1)
    window = Window((map_.height, map_.width))
    lowering.emit(
        Convolution(node.source, map_.name, output, spread(weights.values), bias, window, 1, codes, weights.scales)
    )
