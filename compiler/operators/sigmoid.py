"""Sigmoid becomes a table of linear segments on the 16-bit sum of the operator before it.

On a map that other operators read too, or behind a pool or an add, it becomes a copy with that table.
"""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import Rule
from tileloom.compiler.table_function import TableFunction
from tileloom.compiler.unary import lower_function

NAMES = ("Sigmoid",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the function."""
    lower_function(node, lowering, TableFunction("Sigmoid"))


EXAMPLES = (
    Example("alone", (step("Sigmoid", "x", "y"),), (1, 3, 4, 4)),
    Example(
        "after a convolution",
        (step("Conv", "x w b", "c"), step("Sigmoid", "c", "y")),
        (1, 3, 6, 6),
        {"w": numbers(4, 3, 3, 3), "b": numbers(4)},
    ),
    Example(
        "after a pool",
        (step("AveragePool", "x", "p", kernel_shape=[2, 2]), step("Sigmoid", "p", "y")),
        (1, 3, 6, 6),
    ),
)
