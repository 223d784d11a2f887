"""GlobalAveragePool becomes AveragePool2d whose window is the whole map."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import first_axis_is_one, rank_of_input
from tileloom.compiler.spatial_mean import lower_mean

NAMES = ("GlobalAveragePool",)
RULES = (rank_of_input((3, 4), "use a map of one or two dimensions"), first_axis_is_one())


def lower(node: Node, lowering: Lowering) -> None:
    """Emit one pool."""
    lower_mean(node, lowering, tuple(range(2, len(node.shape(0) or ()))))


EXAMPLES = (
    Example(
        "before a linear layer",
        (step("GlobalAveragePool", "x", "p"), step("Flatten", "p", "f"), step("Gemm", "f w", "y")),
        (1, 6, 5, 3),
        {"w": numbers(6, 4)},
    ),
)
