"""ThresholdedRelu becomes a table of two lines, of the convolution before it where there is one."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.rule import Rule
from tileloom.compiler.table_function import TableFunction
from tileloom.compiler.unary import lower_function

NAMES = ("ThresholdedRelu",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the function."""
    lower_function(node, lowering, TableFunction("ThresholdedRelu", (node.real("alpha", 1.0),)))


EXAMPLES = (Example("a threshold of 0.01", (step("ThresholdedRelu", "x", "y", alpha=0.01),), (1, 3, 4, 4)),)
