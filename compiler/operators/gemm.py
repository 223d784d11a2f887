"""Gemm with constant matrix becomes Conv2d: its kernel is the whole map, or 1x1 where the input has several rows.

With a computed matrix it becomes Multiply and Conv2d. ``alpha`` and ``beta`` are folded into weights and bias. A
Flatten or Reshape before it only reorders the weights.
"""

from typing import Any

import numpy as np
from onnx import helper

from tileloom.compiler.expansion import expand
from tileloom.compiler.fully_connected import lower_linear
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.matrix_product import lower_matrix_product
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, numbers, step
from tileloom.compiler.rule import Rule, rank_of_input
from tileloom.compiler.weights import Weights, weights_of

NAMES = ("Gemm",)


def _sizes(node: Node) -> str | None:
    data, matrix, bias, output = node.shape(0), node.shape(1), node.shape(2), node.output_shape()
    if data is None or matrix is None or output is None or len(data) != 2:
        return None
    inner = matrix[1 if node.integer("transB", 0) else 0] if len(matrix) == 2 else -1
    wanted = data[0 if node.integer("transA", 0) else 1]
    if inner != wanted:
        return f"{list(matrix)} for {wanted} inputs"
    fits = bias is None or node.constant(2) is None or (bias[:-1] in ((), (1,)) and np.prod(bias) in (1, output[-1]))
    return None if fits else f"an addend {list(bias or ())}"


RULES = (
    rank_of_input((2,), "flatten the map before the linear layer"),
    Rule("TL211", "matrix and addend must fit the input, the addend every row", "export the network again", _sizes),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit one convolution, and an addition where the addend is computed."""
    if node.has_input(2) and node.constant(2) is None:
        _lower_sum(node, lowering)
        return
    if node.constant(1) is None:
        _lower_product(node, lowering)
        return
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
    lower_linear(node, lowering, weights, bias, axis=0 if node.integer("transA", 0) else 1)


def _lower_product(node: Node, lowering: Lowering) -> None:
    """A product of two computed matrices, and its constant addend."""
    if not node.has_input(2):
        turned = (bool(node.integer("transA", 0)), bool(node.integer("transB", 0)))
        lower_matrix_product(node, lowering, transposed=turned, alpha=node.real("alpha", 1.0))
        return
    _lower_sum(node, lowering)


def _lower_sum(node: Node, lowering: Lowering) -> None:
    turned: dict[str, Any] = {name: node.integer(name, 0) for name in ("transA", "transB")}
    product = helper.make_node("Gemm", list(node.inputs[:2]), [".product"], alpha=node.real("alpha", 1.0), **turned)
    scaled = helper.make_node("Mul", [node.inputs[2], ".beta"], [".scaled"])
    total = helper.make_node("Add", [".product", ".scaled"], [node.outputs[0]])
    expand(node, lowering, [product, scaled, total], {".beta": np.asarray(node.real("beta", 1.0), dtype=np.float32)})


EXAMPLES = (
    Example(
        "transB, scaled",
        (step("Flatten", "x", "f"), step("Gemm", "f w b", "y", transB=1, alpha=0.5, beta=2.0)),
        (1, 3, 4, 5),
        {"w": numbers(7, 60, scale=0.2), "b": numbers(7)},
    ),
    Example("plain", (step("Gemm", "x w", "y"),), (1, 12), {"w": numbers(12, 5)}),
    Example(
        "a computed matrix",
        (step("Relu", "x", "r"), step("Gemm", "r x", "y", transA=1, alpha=0.5)),
        (1, 6),
        {},
    ),
    Example(
        "a computed addend",
        (step("Relu", "x", "r"), step("Gemm", "r w", "h"), step("Gemm", "x w h", "y", beta=0.5)),
        (1, 6),
        {"w": numbers(6, 6)},
    ),
    Example(
        "several rows",
        (
            step("Relu", "x", "r"),
            step("Reshape", "r s", "t"),
            step("Gemm", "t w b", "g"),
            step("Reshape", "g u", "y"),
        ),
        (1, 3, 4, 5),
        {"s": integers(12, 5), "w": numbers(5, 6), "b": numbers(1, 6), "u": integers(1, 3, 4, 6)},
    ),
    Example(
        "transA",
        (step("Reshape", "x s", "t"), step("Gemm", "t w", "g", transA=1, transB=1), step("Reshape", "g u", "y")),
        (1, 3, 4),
        {"s": integers(3, 4), "w": numbers(2, 3), "u": integers(1, 4, 2)},
    ),
)
