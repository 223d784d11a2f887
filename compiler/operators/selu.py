"""Selu becomes a table of linear segments, of the convolution before it where there is one."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.rule import Rule
from tileloom.compiler.table_function import TableFunction
from tileloom.compiler.unary import lower_function, usual_examples

NAMES = ("Selu",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the function."""
    lower_function(
        node,
        lowering,
        TableFunction("Selu", (node.real("alpha", 1.6732632423543772), node.real("gamma", 1.0507009873554805))),
    )


EXAMPLES = (*usual_examples("Selu"), *usual_examples("Selu", alpha=0.5, gamma=2.0)[:1])
