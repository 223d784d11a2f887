"""Shrink becomes a table of three lines, of the convolution before it where there is one."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.rule import Rule
from tileloom.compiler.table_function import TableFunction
from tileloom.compiler.unary import lower_function

NAMES = ("Shrink",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the function."""
    lower_function(node, lowering, TableFunction("Shrink", (node.real("bias", 0.0), node.real("lambd", 0.5))))


EXAMPLES = (Example("soft", (step("Shrink", "x", "y", bias=0.5, lambd=0.5),), (1, 3, 4, 4)),)
