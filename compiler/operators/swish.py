"""Swish becomes a table of linear segments, of the convolution before it where there is one."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.rule import Rule
from tileloom.compiler.table_function import TableFunction
from tileloom.compiler.unary import lower_function

NAMES = ("Swish",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the function."""
    lower_function(node, lowering, TableFunction("Silu", (node.real("alpha", 1.0),)))


EXAMPLES = (Example("alone", (step("Swish", "x", "y", alpha=1.5),), (1, 3, 4, 4), opset=24),)
