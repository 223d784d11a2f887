"""GlobalAveragePool becomes AveragePool2d whose window is the whole map."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.reductions import Reduction, lower_reduction
from tileloom.compiler.rule import first_axis_is_one

NAMES = ("GlobalAveragePool",)
RULES = (first_axis_is_one(),)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit one pool."""
    lower_reduction(node, lowering, tuple(range(2, len(node.shape(0) or ()))), Reduction.MEAN)


EXAMPLES = (
    Example(
        "before a linear layer",
        (step("GlobalAveragePool", "x", "p"), step("Flatten", "p", "f"), step("Gemm", "f w", "y")),
        (1, 6, 5, 3),
        {"w": numbers(6, 4)},
    ),
    Example("one dimension", (step("GlobalAveragePool", "x", "y"),), (1, 3, 9)),
)
