"""Reshape is a view: it costs nothing where it only regroups axes around inputs, outputs and linear layers."""

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
)
