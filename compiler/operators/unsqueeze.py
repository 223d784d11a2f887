"""Unsqueeze is a view: axes of one element cost nothing."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, step
from tileloom.compiler.rule import constant_operand

NAMES = ("Unsqueeze",)
RULES = (constant_operand(1, "axes"),)


def lower(node: Node, lowering: Lowering) -> None:
    """Give the input another shape."""
    lowering.alias_reshaped(node)


EXAMPLES = (
    Example(
        "of the input",
        (step("Unsqueeze", "x a", "u"), step("MaxPool", "u", "y", kernel_shape=[2, 2])),
        (1, 5, 4),
        {"a": integers(1)},
    ),
)
