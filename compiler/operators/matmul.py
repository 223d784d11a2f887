"""MatMul with a constant matrix, on either side, becomes Conv2d.

The kernel is the whole map where the other operand is one row, else 1x1 with the axis that is summed over as channels.
"""

import numpy as np

from tileloom.compiler.fully_connected import lower_linear
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Constant, Node
from tileloom.compiler.operator_example import Example, integers, numbers, step
from tileloom.compiler.rule import Rule
from tileloom.compiler.weights import weights_of

NAMES = ("MatMul",)


def _constants(node: Node) -> str | None:
    if node.constant(0) is not None or node.constant(1) is not None:
        return None
    return f"the computed values {node.inputs[0]!r} and {node.inputs[1]!r}"


def _matrix(node: Node) -> str | None:
    """The constant must be one matrix, and fit the other operand."""
    side = 1 if node.constant(1) is not None else 0
    matrix, data = node.shape(side), node.shape(1 - side)
    if _constants(node) is not None or matrix is None or data is None:
        return None
    flat = [size for size in matrix[:-2] if size != 1]
    inner = matrix[-2:][0] if side else matrix[-1]
    wanted = data[-1] if side else data[-2:][0]
    return None if matrix and data and not flat and inner == wanted else f"{list(matrix)} for {list(data)}"


RULES = (
    Rule("TL205", "one of the operands must be a constant", "make it a constant of the model", _constants),
    Rule("TL206", "the constant must be one matrix that fits the other operand", "use a linear layer", _matrix),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit one convolution without bias; an Add of a constant after it is folded in later."""
    side = 1 if node.constant(1) is not None else 0
    given = lowering.constant(node, side)
    vector, shape = given.values.ndim == 1, given.values.shape[-2:]
    flat = (shape[0], 1) if side and vector else (1, shape[0]) if vector else shape
    codes = None if given.codes is None else given.codes.reshape(flat)
    scales = None if given.scales is None else given.scales.reshape(flat)
    weights = weights_of(node, Constant(given.values.reshape(flat), codes, scales), transposed=bool(side))
    row = len(node.shape(1 - side) or ()) == 1
    axis = -1 if side or row else -2
    lower_linear(node, lowering, weights, np.zeros(weights.values.shape[0]), 1 - side, axis, axis)


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
    Example(
        "every pixel of a map, channels last",
        (
            step("Conv", "x k", "c"),
            step("Transpose", "c", "t", perm=[0, 2, 3, 1]),
            step("MatMul", "t w", "m"),
            step("Add", "m b", "a"),
            step("Relu", "a", "r"),
            step("Transpose", "r", "y", perm=[0, 3, 1, 2]),
        ),
        (1, 2, 4, 5),
        {"k": numbers(3, 2, 1, 1), "w": numbers(3, 5), "b": numbers(5)},
    ),
    Example("rows of the input", (step("MatMul", "x w", "y"),), (1, 4, 6), {"w": numbers(6, 3)}),
    Example("columns of a map", (step("MatMul", "x w", "y"),), (1, 2, 4, 6), {"w": numbers(6, 3)}),
    Example("the matrix first", (step("MatMul", "w x", "y"),), (1, 2, 4, 6), {"w": numbers(5, 4)}),
    Example("a vector", (step("Relu", "x", "r"), step("MatMul", "r w", "y")), (1, 5, 6), {"w": numbers(6)}),
)
