"""Expand is a view that repeats elements along axes of one element."""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.movement import lower_movement
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, numbers, step
from tileloom.compiler.rule import constant_operand
from tileloom.compiler.view import Indices

NAMES = ("Expand",)
RULES = (constant_operand(1, "the shape"),)


def lower(node: Node, lowering: Lowering) -> None:
    """Repeat in the view."""
    shape = node.output_shape() or ()

    def move(table: Indices) -> Indices:
        return np.broadcast_to(table, shape)

    lower_movement(node, lowering, move)


EXAMPLES = (
    Example(
        "a pooled map over all pixels",
        (
            step("GlobalAveragePool", "x", "p"),
            step("Expand", "p s", "e"),
            step("Concat", "e x", "c", axis=1),
            step("Conv", "c w", "y"),
        ),
        (1, 3, 4, 5),
        {"s": integers(1, 3, 4, 5), "w": numbers(4, 6, 2, 2)},
    ),
    Example("one channel to four", (step("Expand", "x s", "y"),), (1, 1, 3, 2), {"s": integers(4, 1, 1)}),
)
