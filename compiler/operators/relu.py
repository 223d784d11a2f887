"""Relu becomes the lower limit of the operator before it."""

from math import inf

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.real_graph import Clamp
from tileloom.compiler.rule import Rule

NAMES = ("Relu",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Emit a clamp."""
    view = lowering.placed(node, 0)
    lowering.emit(Clamp(node.source, view.name, lowering.add_like(node, view), 0.0, inf))


EXAMPLES = (
    Example("alone", (step("Relu", "x", "y"),), (1, 3, 4, 4)),
    Example(
        "of a map that another operator reads too",
        (step("Conv", "x w", "c"), step("Relu", "c", "r"), step("Add", "c r", "y")),
        (1, 3, 5, 5),
        {"w": numbers(4, 3, 2, 2)},
    ),
    Example(
        "after a max pool",
        (step("Conv", "x w", "c"), step("MaxPool", "c", "p", kernel_shape=[2, 2]), step("Relu", "p", "y")),
        (1, 3, 6, 6),
        {"w": numbers(4, 3, 2, 2)},
    ),
)
