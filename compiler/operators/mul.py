"""Mul of two maps becomes Multiply; Mul by a constant per channel a gain.

A gain goes into the convolution before it, or becomes a 1x1 depthwise Conv2d. Operands broadcast as ONNX says.
"""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.pairs import BROADCAST, channel_numbers, constant_of, lower_affine, lower_pair
from tileloom.compiler.real_graph import Product

NAMES = ("Mul",)
RULES = (BROADCAST,)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit a product, or a gain per channel."""
    found = constant_of(node)
    if found is not None:
        index, constant = found
        gain = channel_numbers(node, lowering, 1 - index, constant.values)
        if gain is not None:
            lower_affine(node, lowering, 1 - index, gain, np.zeros(1))
            return
    lower_pair(node, lowering, 0, 1, lambda source, a, b, output, _: Product(source, a, b, output))


EXAMPLES = (
    Example(
        "scale and shift after a convolution",
        (step("Conv", "x w", "c"), step("Mul", "s c", "m"), step("Add", "m b", "y")),
        (1, 2, 6, 5),
        {"w": numbers(3, 2, 3, 3), "s": numbers(3, 1, 1), "b": numbers(3, 1, 1, seed=2)},
    ),
    Example("by one number", (step("Mul", "x s", "y"),), (1, 3, 4, 4), {"s": np.asarray(0.25, dtype=np.float32)}),
    Example(
        "squeeze and excite",
        (
            step("GlobalAveragePool", "x", "p"),
            step("Conv", "p w", "c"),
            step("Sigmoid", "c", "s"),
            step("Mul", "x s", "y"),
        ),
        (1, 4, 5, 6),
        {"w": numbers(4, 4, 1, 1)},
    ),
    Example(
        "two maps and a limit",
        (step("Conv", "x w", "c", pads=[1, 1, 1, 1]), step("Mul", "c x", "m"), step("Relu", "m", "y")),
        (1, 3, 6, 5),
        {"w": numbers(3, 3, 3, 3)},
    ),
    Example("a map with itself", (step("Mul", "x x", "y"),), (1, 3, 4, 4)),
    Example(
        "a map with its sigmoid",
        (step("Conv", "x w", "c"), step("Sigmoid", "c", "s"), step("Mul", "c s", "y")),
        (1, 3, 5, 5),
        {"w": numbers(4, 3, 2, 2)},
    ),
    Example("a constant for each pixel", (step("Mul", "x b", "y"),), (1, 3, 4, 5), {"b": numbers(4, 5)}),
)
