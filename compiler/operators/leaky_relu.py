"""LeakyRelu becomes a table of two exact lines, of the convolution before it where there is one."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.rule import Rule
from tileloom.compiler.table_function import TableFunction
from tileloom.compiler.unary import lower_function, usual_examples

NAMES = ("LeakyRelu",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the function."""
    lower_function(node, lowering, TableFunction("LeakyRelu", (node.real("alpha", 0.01),)))


EXAMPLES = (*usual_examples("LeakyRelu", alpha=0.1), *usual_examples("LeakyRelu", alpha=-0.5)[:1])
