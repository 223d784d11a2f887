"""Sum of any number of maps becomes Add, two at a time."""

from tileloom.compiler.expansion import expand
from tileloom.compiler.extrema import in_pairs
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.pairs import BROADCAST

NAMES = ("Sum",)
RULES = (BROADCAST,)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit additions."""
    expand(node, lowering, in_pairs(node))


EXAMPLES = (
    Example(
        "residual",
        (step("Conv", "x w", "c", pads=[1, 1, 1, 1]), step("Sum", "c x", "a"), step("Relu", "a", "y")),
        (1, 4, 6, 5),
        {"w": numbers(4, 4, 3, 3)},
    ),
    Example(
        "of three and a constant",
        (step("Conv", "x w", "c", pads=[1, 1, 1, 1]), step("Abs", "x", "a"), step("Sum", "c x k a", "y")),
        (1, 3, 6, 5),
        {"w": numbers(3, 3, 3, 3), "k": numbers(3, 1, 1)},
    ),
)
