"""Pow by a constant becomes a table of linear segments, of the convolution before it where there is one.

A whole exponent takes any number; another one needs numbers for which the power is finite. Exponents that differ
become a logarithm, a product and an exponential: of positive numbers only.
"""

import numpy as np

from tileloom.compiler.expansion import expand, part
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Array, Example, numbers, step
from tileloom.compiler.pairs import BROADCAST
from tileloom.compiler.rule import Rule, constant_operand
from tileloom.compiler.table_function import TableFunction
from tileloom.compiler.unary import lower_function

NAMES = ("Pow",)
RULES: tuple[Rule, ...] = (constant_operand(1, "the exponent"), BROADCAST)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the function, or its steps."""
    exponents = np.asarray(lowering.constant(node, 1).values, dtype=np.float64)
    exponent = float(exponents.flat[0])
    if np.any(exponents != exponent) or node.output_shape() != node.shape(0):
        steps = [part("Log", node.inputs[0], ".logarithm"), part("Mul", ".logarithm .exponents", ".product")]
        constants = {".exponents": exponents.astype(np.float32)}
        expand(node, lowering, [*steps, part("Exp", ".product", node.outputs[0])], constants)
        return
    whole = exponent >= 0 and exponent.is_integer()
    lower_function(node, lowering, TableFunction("Pow" if whole else "FractionalPow", (exponent,)))


def _number(value: float) -> Array:
    return numbers(1, scale=0.0) + value


EXAMPLES = (
    Example("square", (step("Pow", "x e", "y"),), (1, 3, 4, 4), {"e": _number(2.0).astype("float32")}),
    Example(
        "cube after a convolution",
        (step("Conv", "x w", "c"), step("Pow", "c e", "y")),
        (1, 3, 6, 6),
        {"w": numbers(4, 3, 3, 3, scale=0.1), "e": _number(3.0).astype("float32")},
    ),
    Example(
        "a negative fraction of what is at least 1",
        (step("Abs", "x", "a"), step("Add", "a k", "p"), step("Pow", "p e", "y")),
        (1, 3, 4, 4),
        {"k": _number(1.0).astype("float32"), "e": _number(-0.75).astype("float32")},
    ),
    Example(
        "an exponent for each channel, of what is from 1 to 2",
        (step("Sigmoid", "x", "a"), step("Add", "a k", "p"), step("Pow", "p e", "y")),
        (1, 3, 4, 4),
        {"k": _number(1.0).astype("float32"), "e": np.asarray([[[0.5]], [[-1.0]], [[2.0]]], dtype=np.float32)},
    ),
)
