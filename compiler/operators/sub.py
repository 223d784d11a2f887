"""Sub of two maps becomes Add with a negative factor; Sub with a constant per channel a gain and an offset."""

import numpy as np

from tileloom.compiler.graph import Source
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.pairs import BROADCAST, channel_numbers, constant_of, lower_affine, lower_pair
from tileloom.compiler.real_graph import Addition

NAMES = ("Sub",)
RULES = (BROADCAST,)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit a difference, or a gain and an offset per channel."""
    found = constant_of(node)
    if found is not None:
        index, constant = found
        offset = channel_numbers(node, lowering, 1 - index, constant.values)
        if offset is not None:
            sign = 1.0 if index == 1 else -1.0
            lower_affine(node, lowering, 1 - index, np.full(1, sign), -sign * offset)
            return

    def difference(source: Source, a: str, b: str, output: str, exchanged: bool) -> Addition:
        gains = (-1.0, 1.0) if exchanged else (1.0, -1.0)
        return Addition(source, a, b, output, a_gain=gains[0], b_gain=gains[1])

    lower_pair(node, lowering, 0, 1, difference)


EXAMPLES = (
    Example("normalisation", (step("Sub", "x m", "y"),), (1, 3, 4, 4), {"m": numbers(1, 3, 1, 1)}),
    Example(
        "from a constant, after a convolution",
        (step("Conv", "x w", "c"), step("Sub", "k c", "y")),
        (1, 3, 5, 5),
        {"w": numbers(4, 3, 2, 2), "k": np.asarray(1.0, dtype=np.float32)},
    ),
    Example(
        "two maps",
        (step("Conv", "x w", "c", pads=[1, 1, 1, 1]), step("Sub", "c x", "d"), step("Relu", "d", "y")),
        (1, 4, 6, 5),
        {"w": numbers(4, 4, 3, 3)},
    ),
    Example("the mean", (step("GlobalAveragePool", "x", "p"), step("Sub", "x p", "y")), (1, 3, 4, 5)),
    Example("from the mean", (step("GlobalAveragePool", "x", "p"), step("Sub", "p x", "y")), (1, 3, 4, 5)),
    Example("a constant less each element", (step("Sub", "b x", "y"),), (1, 3, 4, 5), {"b": numbers(4, 5)}),
)
