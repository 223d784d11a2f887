"""HardSigmoid becomes a table of three exact lines, of the convolution before it where there is one."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.rule import Rule
from tileloom.compiler.table_function import TableFunction
from tileloom.compiler.unary import lower_function, usual_examples

NAMES = ("HardSigmoid",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the function."""
    lower_function(node, lowering, TableFunction("HardSigmoid", (node.real("alpha", 0.2), node.real("beta", 0.5))))


EXAMPLES = (*usual_examples("HardSigmoid"), *usual_examples("HardSigmoid", alpha=-0.5, beta=0.25)[:1])
