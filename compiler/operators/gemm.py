"""Gemm with constant matrix becomes Conv2d whose kernel is the whole map.

``alpha`` and ``beta`` are folded into weights and bias. A Flatten or Reshape before it only reorders the weights.
"""

import numpy as np

from tileloom.compiler.fully_connected import lower_linear
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import Rule, attribute_is, constant_operand, first_axis_is_one, rank_of_input
from tileloom.compiler.weights import Weights, weights_of

NAMES = ("Gemm",)


def _sizes(node: Node) -> str | None:
    data, matrix, bias, output = node.shape(0), node.shape(1), node.shape(2), node.output_shape()
    if data is None or matrix is None or output is None:
        return None
    inner = matrix[1 if node.integer("transB", 0) else 0] if len(matrix) == 2 else -1
    if inner != data[-1]:
        return f"{list(matrix)} for {data[-1]} inputs"
    return None if bias is None or np.prod(bias) in (1, output[-1]) else f"an addend {list(bias)}"


RULES = (
    rank_of_input((2,), "flatten the map before the linear layer"),
    first_axis_is_one(),
    constant_operand(1, "the matrix"),
    constant_operand(2, "the addend"),
    attribute_is("transA", (0,), 0, "transpose the input before, or remove it"),
    Rule("TL211", "matrix and addend must fit the input", "export the network again", _sizes),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit one convolution."""
    weights = weights_of(node, lowering.constant(node, 1), transposed=not node.integer("transB", 0))
    alpha, beta = node.real("alpha", 1.0), node.real("beta", 1.0)
    count = weights.values.shape[0]
    bias = np.zeros(count)
    if node.has_input(2):
        bias = bias + beta * np.asarray(lowering.constant(node, 2).values, dtype=np.float64).ravel()
    if alpha > 0 and weights.scales is not None:
        weights = Weights(weights.values * alpha, weights.codes, weights.scales * alpha)
    else:
        weights = Weights(weights.values * alpha)
    lower_linear(node, lowering, weights, bias)


EXAMPLES = (
    Example(
        "transB, scaled",
        (step("Flatten", "x", "f"), step("Gemm", "f w b", "y", transB=1, alpha=0.5, beta=2.0)),
        (1, 3, 4, 5),
        {"w": numbers(7, 60, scale=0.2), "b": numbers(7)},
    ),
    Example("plain", (step("Gemm", "x w", "y"),), (1, 12), {"w": numbers(12, 5)}),
)
