"""Gather by constant indices is a view: any elements along an axis, in any order, any number of times."""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.movement import lower_movement
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, numbers, step
from tileloom.compiler.rule import Rule, constant_operand
from tileloom.compiler.view import Indices

NAMES = ("Gather",)


def _wrong(node: Node) -> str | None:
    shape, axis, indices = node.shape(0), node.integer("axis", 0), node.constant(1)
    if shape is None or indices is None:
        return None
    if not -len(shape) <= axis < len(shape):
        return f"axis {axis} of {len(shape)}"
    size = shape[axis]
    outside = [int(value) for value in np.ravel(indices.values) if not -size <= value < size]
    return f"index {outside[0]} of {size}" if outside else None


RULES = (
    constant_operand(1, "the indices"),
    Rule("TL211", "axis and indices must lie within the input", "correct them", _wrong),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Take elements of the view."""
    axis = node.integer("axis", 0)
    chosen = np.asarray(lowering.constant(node, 1).values, dtype=np.int64)

    def move(table: Indices) -> Indices:
        return np.asarray(np.take(table, chosen % table.shape[axis], axis=axis))

    lower_movement(node, lowering, move)


EXAMPLES = (
    Example(
        "channels in another order, some twice",
        (step("Gather", "x i", "g", axis=1), step("Conv", "g w", "y")),
        (1, 5, 4, 4),
        {"i": integers(4, 0, 0, -2), "w": numbers(3, 4, 2, 2)},
    ),
    Example(
        "odd channels of a shuffle",
        (
            step("Conv", "x v", "c"),
            step("Reshape", "c s", "r"),
            step("Transpose", "r", "t", perm=[1, 0, 2]),
            step("Reshape", "t u", "q"),
            step("Gather", "q i", "g", axis=0),
            step("Conv", "g w", "y"),
        ),
        (1, 3, 4, 4),
        {
            "v": numbers(6, 3, 1, 1),
            "s": integers(3, 2, 16),
            "u": integers(2, -1, 3, 4, 4),
            "i": np.asarray(1, dtype=np.int64),
            "w": numbers(2, 3, 2, 2),
        },
    ),
)
