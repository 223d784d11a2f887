"""The mean over all of a map's height and width, as GlobalAveragePool and ReduceMean ask for it."""

import numpy as np

from tileloom.compiler.graph import Window
from tileloom.compiler.lowering import Lowering, refuse
from tileloom.compiler.node import Node
from tileloom.compiler.real_graph import AveragePool


def lower_mean(node: Node, lowering: Lowering, axes: tuple[int, ...]) -> None:
    """Lower the mean of the first input over ``axes`` (of the value as ONNX sees it, not negative)."""
    view = lowering.placed(node, 0)
    map_ = lowering.maps[view.name]
    positions = lowering.positions(view)
    plain = view.positions() if positions is None else positions
    area = map_.height * map_.width
    moved = np.moveaxis(plain, axes, tuple(range(-len(axes), 0)))
    reduced = moved.reshape(-1, int(np.prod(moved.shape[-len(axes) :])))
    channels = reduced // area
    if reduced.shape != (map_.channels, area) or not np.all(channels == channels[:, :1]):
        raise refuse(
            node,
            "TL209",
            "the mean must go over the whole height and width of a map, and nothing else",
            f"axes {list(axes)} of {list(view.shape)}",
            "reduce over H and W together",
        )
    output = lowering.add_map(node, map_.channels, 1, 1, channels[:, 0])
    lowering.emit(AveragePool(node.source, map_.name, output, Window((map_.height, map_.width))))
