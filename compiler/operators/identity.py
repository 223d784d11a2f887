"""Identity is dropped."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.rule import Rule

NAMES = ("Identity",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Another name for the input."""
    lowering.alias_reshaped(node)


EXAMPLES = (Example("at the end", (step("Relu", "x", "r"), step("Identity", "r", "y")), (1, 3, 2, 2)),)
