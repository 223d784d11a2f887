"""Gelu becomes a table of linear segments, of the convolution before it where there is one."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.rule import Rule
from tileloom.compiler.table_function import TableFunction
from tileloom.compiler.unary import lower_function, usual_examples

NAMES = ("Gelu",)


def _form(node: Node) -> str | None:
    given = node.text("approximate", "none")
    return None if given in ("none", "tanh") else repr(given)


RULES = (Rule("TL202", "approximate must be 'none' or 'tanh'", "use one of them", _form),)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the function."""
    lower_function(node, lowering, TableFunction("GeluTanh" if node.text("approximate", "none") == "tanh" else "Gelu"))


EXAMPLES = (*usual_examples("Gelu", opset=20), *usual_examples("Gelu", opset=20, approximate="tanh")[:1])
