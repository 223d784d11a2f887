"""Sign becomes a table with a segment for 0 alone, of the convolution before it where there is one: exact of its sums.

In a product with other functions of the same map it is a part of their table.
"""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.rule import Rule
from tileloom.compiler.table_function import TableFunction
from tileloom.compiler.unary import lower_function

NAMES = ("Sign",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the function."""
    lower_function(node, lowering, TableFunction("Sign"))


EXAMPLES = (
    Example(
        "as PyTorch writes a Lp pool",
        (
            step("AveragePool", "x", "p", kernel_shape=[2, 2]),
            step("Sign", "p", "s"),
            step("Abs", "p", "a"),
            step("Mul", "s a", "y"),
        ),
        (1, 3, 6, 6),
    ),
)
