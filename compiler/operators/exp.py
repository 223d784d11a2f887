"""Exp becomes a table of linear segments, of the convolution before it where there is one."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import Rule
from tileloom.compiler.table_function import TableFunction
from tileloom.compiler.unary import lower_function, usual_examples

NAMES = ("Exp",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the function."""
    lower_function(node, lowering, TableFunction("Exp"))


EXAMPLES = (
    Example(
        "of what is not positive",
        (step("Conv", "x w", "c"), step("Relu", "c", "r"), step("Neg", "r", "n"), step("Exp", "n", "y")),
        (1, 3, 5, 5),
        {"w": numbers(4, 3, 2, 2)},
    ),
    *usual_examples("Exp")[:1],
)
