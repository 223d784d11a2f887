"""Reshape is a view: it costs nothing where it only regroups axes around inputs, outputs and linear layers.

Where an operator needs the new shape as a map, the elements are moved into one. A channel shuffle (Reshape, Transpose,
Reshape) is one movement.
"""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, numbers, step
from tileloom.compiler.rule import constant_operand

NAMES = ("Reshape",)
RULES = (constant_operand(1, "the shape"),)


def lower(node: Node, lowering: Lowering) -> None:
    """Give the input another shape."""
    lowering.alias_reshaped(node)


EXAMPLES = (
    Example(
        "of the input",
        (step("Reshape", "x s", "r"), step("Conv", "r w", "y")),
        (1, 30),
        {"s": integers(1, 1, 6, 5), "w": numbers(2, 1, 3, 3)},
    ),
    Example(
        "batch kept by -1",
        (step("Relu", "x", "r"), step("Reshape", "r s", "y")),
        (1, 4, 2, 3),
        {"s": integers(-1, 24)},
    ),
    Example(
        "to another map",
        (step("Relu", "x", "r"), step("Reshape", "r s", "t"), step("MaxPool", "t", "y", kernel_shape=[2, 2])),
        (1, 4, 6, 3),
        {"s": integers(0, 2, 6, 6)},
    ),
    Example(
        "channel shuffle",
        (
            step("Conv", "x w", "c"),
            step("Reshape", "c s", "r"),
            step("Transpose", "r", "t", perm=[0, 2, 1, 3, 4]),
            step("Reshape", "t u", "q"),
            step("Conv", "q v", "y", group=3),
        ),
        (1, 4, 5, 4),
        {
            "w": numbers(6, 4, 1, 1),
            "s": integers(1, 2, 3, 5, 4),
            "u": integers(1, 6, 5, 4),
            "v": numbers(6, 2, 2, 2),
        },
    ),
)
