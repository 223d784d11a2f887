"""Celu becomes a table of linear segments, of the convolution before it where there is one."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.rule import Rule
from tileloom.compiler.table_function import TableFunction
from tileloom.compiler.unary import lower_function, usual_examples

NAMES = ("Celu",)


def _alpha(node: Node) -> str | None:
    return "0" if node.real("alpha", 1.0) == 0.0 else None


RULES = (Rule("TL211", "alpha must not be 0", "use Relu", _alpha),)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the function."""
    lower_function(node, lowering, TableFunction("Celu", (node.real("alpha", 1.0),)))


EXAMPLES = usual_examples("Celu", alpha=0.5)
