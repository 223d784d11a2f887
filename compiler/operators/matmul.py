"""MatMul with a constant matrix, on either side, becomes Conv2d; any other product becomes Multiply and Conv2d.

The kernel is the whole map where the other operand is one row, else 1x1 with the axis that is summed over as channels.
"""

import numpy as np

from tileloom.compiler.fully_connected import lower_linear
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.matrix_product import lower_matrix_product
from tileloom.compiler.node import Constant, Node
from tileloom.compiler.operator_example import Example, integers, numbers, step
from tileloom.compiler.rule import Rule
from tileloom.compiler.weights import weights_of

NAMES = ("MatMul",)


def _matrix(node: Node) -> int | None:
    """The operand that is a constant matrix, alone or in axes of one; None where there is none."""
    for side in (1, 0):
        shape = node.shape(side)
        if node.constant(side) is not None and shape and all(size == 1 for size in shape[:-2]):
            return side
    return None


def _fits(node: Node) -> str | None:
    """The operands must be matrices, or stacks of them, that fit each other."""
    left, right = node.shape(0), node.shape(1)
    if not left or not right:
        return None
    inner = right[-2] if len(right) > 1 else right[0]
    try:
        np.broadcast_shapes(left[:-2], right[:-2])
    except ValueError:
        return f"{list(left)} and {list(right)}"
    return None if left[-1] == inner else f"{list(left)} and {list(right)}"


RULES = (Rule("TL206", "the operands must be matrices that fit each other", "reshape one of them before", _fits),)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit one convolution without bias, an Add of a constant after it being folded in later, or a product first."""
    side = _matrix(node)
    if side is None:
        lower_matrix_product(node, lowering)
        return
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
    Example(
        "of two maps, as attention has them",
        (
            step("MatMul", "x p", "q"),
            step("MatMul", "x r", "k"),
            step("Transpose", "k", "t", perm=[0, 2, 1]),
            step("MatMul", "q t", "s"),
            step("MatMul", "s x", "y"),
        ),
        (1, 5, 4),
        {"p": numbers(4, 3), "r": numbers(4, 3, seed=2)},
    ),
    Example(
        "of two stacks of matrices",
        (step("Relu", "x", "r"), step("Transpose", "x", "t", perm=[0, 1, 3, 2]), step("MatMul", "r t", "y")),
        (1, 2, 3, 4),
        {},
    ),
    Example("a stack of matrices", (step("MatMul", "x w", "y"),), (1, 2, 3, 4), {"w": numbers(2, 4, 5)}),
    Example("a vector", (step("Relu", "x", "r"), step("MatMul", "r w", "y")), (1, 5, 6), {"w": numbers(6)}),
)
