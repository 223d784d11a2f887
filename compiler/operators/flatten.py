"""Flatten is a view: it costs nothing, and reorders the weights of the linear layer after it."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.rule import Rule

NAMES = ("Flatten",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Give the input another shape."""
    lowering.alias_reshaped(node)


EXAMPLES = (Example("at the end", (step("Relu", "x", "r"), step("Flatten", "r", "y")), (1, 3, 4, 2)),)
