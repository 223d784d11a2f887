"""Add of two maps becomes Add (scales of their own); Add of a constant per channel becomes a bias.

Operands broadcast as ONNX says; a constant that differs inside a channel becomes a map.
"""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.pairs import BROADCAST, channel_numbers, constant_of, lower_affine, lower_pair
from tileloom.compiler.real_graph import Addition

NAMES = ("Add",)
RULES = (BROADCAST,)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit an addition, or an offset per channel."""
    found = constant_of(node)
    if found is not None:
        index, constant = found
        offset = channel_numbers(node, lowering, 1 - index, constant.values)
        if offset is not None:
            lower_affine(node, lowering, 1 - index, np.ones(1), offset)
            return
    lower_pair(node, lowering, 0, 1, lambda source, a, b, output, _: Addition(source, a, b, output))


EXAMPLES = (
    Example(
        "residual, unequal scales",
        (step("Conv", "x w", "c", pads=[1, 1, 1, 1]), step("Add", "c x", "a"), step("Relu", "a", "y")),
        (1, 4, 6, 5),
        {"w": numbers(4, 4, 3, 3)},
    ),
    Example(
        "bias of shape (c, 1, 1)",
        (step("Conv", "x w", "c"), step("Add", "c b", "y")),
        (1, 2, 6, 5),
        {"w": numbers(3, 2, 3, 3), "b": numbers(3, 1, 1)},
    ),
    Example("constant first, alone", (step("Add", "b x", "y"),), (1, 3, 4, 4), {"b": numbers(1, 3, 1, 1)}),
    Example("of a map with itself", (step("Add", "x x", "y"),), (1, 3, 4, 4)),
    Example("a constant for each element", (step("Add", "b x", "y"),), (1, 3, 4, 5), {"b": numbers(4, 5)}),
    Example("a number for each channel", (step("GlobalAveragePool", "x", "p"), step("Add", "p x", "y")), (1, 3, 4, 5)),
    Example(
        "a row to a column of numbers",
        (
            step("MaxPool", "x", "r", kernel_shape=[4, 1]),
            step("MaxPool", "x", "c", kernel_shape=[1, 5]),
            step("Add", "r c", "y"),
        ),
        (1, 3, 4, 5),
    ),
)
