"""Min of maps becomes Extremum, two at a time; Min with one constant number a limit of the operator before it."""

import numpy as np

from tileloom.compiler.extrema import lower_extremum
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.pairs import BROADCAST

NAMES = ("Min",)
RULES = (BROADCAST,)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the least of the operands."""
    lower_extremum(node, lowering, maximum=False)


EXAMPLES = (
    Example(
        "of two maps",
        (step("Conv", "x w", "c", pads=[1, 1, 1, 1]), step("Min", "c x", "y")),
        (1, 3, 6, 5),
        {"w": numbers(3, 3, 3, 3)},
    ),
    Example(
        "of three maps, one spread over the others",
        (
            step("Conv", "x w", "c", pads=[1, 1, 1, 1]),
            step("GlobalAveragePool", "x", "p"),
            step("Min", "p c x", "y"),
        ),
        (1, 3, 6, 5),
        {"w": numbers(3, 3, 3, 3)},
    ),
    Example(
        "with a number, after a convolution",
        (step("Conv", "x w", "c"), step("Min", "k c", "y")),
        (1, 3, 5, 5),
        {"w": numbers(4, 3, 2, 2), "k": np.asarray(0.5, dtype=np.float32)},
    ),
    Example("with a number for each channel", (step("Min", "x k", "y"),), (1, 3, 4, 4), {"k": numbers(3, 1, 1)}),
    Example("of one", (step("Min", "x", "a"), step("Relu", "a", "y")), (1, 3, 4, 4)),
)
