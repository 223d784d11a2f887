"""Squeeze is a view: axes of one element cost nothing."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, step
from tileloom.compiler.rule import constant_operand

NAMES = ("Squeeze",)
RULES = (constant_operand(1, "axes"),)


def lower(node: Node, lowering: Lowering) -> None:
    """Give the input another shape."""
    lowering.alias_reshaped(node)


EXAMPLES = (
    Example(
        "of a pooled map",
        (step("GlobalAveragePool", "x", "p"), step("Squeeze", "p a", "y")),
        (1, 3, 4, 4),
        {"a": integers(2, 3)},
    ),
    Example(
        "axes as attribute",
        (step("GlobalAveragePool", "x", "p"), step("Squeeze", "p", "y", axes=[3, 2])),
        (1, 3, 4, 4),
        opset=11,
    ),
)
