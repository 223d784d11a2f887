"""Erf becomes a table of linear segments, of the convolution before it where there is one."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.rule import Rule
from tileloom.compiler.table_function import TableFunction
from tileloom.compiler.unary import lower_function, usual_examples

NAMES = ("Erf",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the function."""
    lower_function(node, lowering, TableFunction("Erf"))


EXAMPLES = usual_examples("Erf")
