"""Reciprocal becomes a table of linear segments, of the convolution before it where there is one.

The numbers that occur must have finite values; the table is made for them.
"""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import Rule
from tileloom.compiler.table_function import TableFunction
from tileloom.compiler.unary import lower_function

NAMES = ("Reciprocal",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the function."""
    lower_function(node, lowering, TableFunction("Reciprocal"))


EXAMPLES = (
    Example(
        "of what is at least 1",
        (step("Conv", "x w b", "c"), step("Relu", "c", "r"), step("Add", "r k", "a"), step("Reciprocal", "a", "y")),
        (1, 3, 6, 6),
        {"w": numbers(4, 3, 3, 3), "b": numbers(4), "k": np.asarray(1.0, dtype=np.float32)},
    ),
)
