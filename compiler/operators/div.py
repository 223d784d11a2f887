"""Div by a constant becomes a gain; Div by a map Multiply with the table of its reciprocal.

The divisor must not come near 0: the reciprocal's table is made for the numbers that occur.
"""

import numpy as np

from tileloom.compiler.expansion import expand, part
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.pairs import BROADCAST
from tileloom.compiler.rule import Rule

NAMES = ("Div",)


def _zero(node: Node) -> str | None:
    divisor = node.constant(1)
    return None if divisor is None or np.all(divisor.values != 0) else "0"


RULES = (BROADCAST, Rule("TL211", "the divisor must not be 0", "correct the constant", _zero))


def lower(node: Node, lowering: Lowering) -> None:
    """Emit a gain, or a reciprocal and a product."""
    a, b, output = node.inputs[0], node.inputs[1], node.outputs[0]
    divisor = node.constant(1)
    if divisor is not None:
        inverse = 1.0 / np.asarray(divisor.values, dtype=np.float64)
        expand(node, lowering, [part("Mul", f"{a} .inverse", output)], {".inverse": inverse.astype(np.float32)})
        return
    dividend = node.constant(0)
    if dividend is not None and np.all(dividend.values == 1):
        expand(node, lowering, [part("Reciprocal", b, output)])
        return
    expand(node, lowering, [part("Reciprocal", b, ".inverse"), part("Mul", f"{a} .inverse", output)])


EXAMPLES = (
    Example(
        "by a constant, after a convolution",
        (step("Conv", "x w", "c"), step("Div", "c d", "y")),
        (1, 2, 6, 5),
        {"w": numbers(3, 2, 3, 3), "d": np.asarray([[[2.0]], [[-3.0]], [[0.5]]], dtype=np.float32)},
    ),
    Example(
        "by a map",
        (step("Abs", "x", "a"), step("Add", "a k", "p"), step("Div", "x p", "y")),
        (1, 3, 4, 4),
        {"k": np.asarray(2.0, dtype=np.float32)},
    ),
    Example(
        "a constant by numbers for each channel",
        (
            step("Abs", "x", "a"),
            step("GlobalAveragePool", "a", "p"),
            step("Add", "p k", "d"),
            step("Div", "c d", "y"),
        ),
        (1, 3, 4, 4),
        {"k": np.asarray(1.0, dtype=np.float32), "c": np.asarray(3.0, dtype=np.float32)},
    ),
)
