"""MatMul of a vector with a constant matrix becomes Conv2d whose kernel is the whole map."""

import numpy as np

from tileloom.compiler.fully_connected import lower_linear
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, numbers, step
from tileloom.compiler.rule import Rule, constant_operand
from tileloom.compiler.weights import weights_of

NAMES = ("MatMul",)


def _rows(node: Node) -> str | None:
    shape = node.shape(0)
    return (
        None
        if not shape or node.constant(1) is None or all(size == 1 for size in shape[:-1])
        else f"shape {list(shape)}"
    )


def _matrix(node: Node) -> str | None:
    data, matrix = node.shape(0), node.shape(1)
    if data is None or matrix is None or node.constant(1) is None or (len(matrix) == 2 and matrix[0] == data[-1]):
        return None
    return f"{list(matrix)} for {data[-1]} inputs"


RULES = (
    constant_operand(1, "the second operand"),
    Rule("TL206", "the input must be one row", "use a convolution of kernel 1 for several rows", _rows),
    Rule("TL206", "the matrix must have 2 axes", "use a linear layer", _matrix),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit one convolution without bias; an Add of a constant after it is folded in later."""
    weights = weights_of(node, lowering.constant(node, 1), transposed=True)
    lower_linear(node, lowering, weights, np.zeros(weights.values.shape[0]))


EXAMPLES = (
    Example(
        "after a reshape, with a bias",
        (step("Reshape", "x s", "r"), step("MatMul", "r w", "m"), step("Add", "m b", "y")),
        (1, 4, 3, 2),
        {"s": integers(1, 24), "w": numbers(24, 6), "b": numbers(1, 6)},
    ),
    Example(
        "channels last before it",
        (
            step("Conv", "x k", "c"),
            step("Transpose", "c", "t", perm=[0, 2, 3, 1]),
            step("Flatten", "t", "f"),
            step("MatMul", "f w", "y"),
        ),
        (1, 2, 4, 4),
        {"k": numbers(3, 2, 2, 2), "w": numbers(27, 6)},
    ),
)
