"""GatherElements by constant indices is a view: each output element is any one of its line along the axis."""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.movement import lower_movement
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.rule import Rule, constant_operand
from tileloom.compiler.view import Indices

NAMES = ("GatherElements",)


def _wrong(node: Node) -> str | None:
    shape, axis, indices = node.shape(0), node.integer("axis", 0), node.constant(1)
    if shape is None or indices is None:
        return None
    if not -len(shape) <= axis < len(shape) or indices.values.ndim != len(shape):
        return f"axis {axis}, indices {list(indices.values.shape)} for {list(shape)}"
    others = [size for i, size in enumerate(shape) if i != axis % len(shape)]
    taken = [size for i, size in enumerate(indices.values.shape) if i != axis % len(shape)]
    inside = np.all((indices.values >= -shape[axis]) & (indices.values < shape[axis]))
    fits = inside and all(some <= size for some, size in zip(taken, others, strict=True))
    return None if fits else f"indices {list(indices.values.shape)} outside {list(shape)}"


RULES = (
    constant_operand(1, "the indices"),
    Rule("TL211", "axis and indices must lie within the input", "correct them", _wrong),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Take elements of the view."""
    axis = node.integer("axis", 0)
    chosen = np.asarray(lowering.constant(node, 1).values, dtype=np.int64)

    def move(table: Indices) -> Indices:
        rank = table.ndim
        part = tuple(slice(None) if i == axis % rank else slice(size) for i, size in enumerate(chosen.shape))
        return np.take_along_axis(table[part], chosen % table.shape[axis], axis)

    lower_movement(node, lowering, move)


EXAMPLES = (
    Example(
        "each channel its own rows",
        (step("Relu", "x", "r"), step("GatherElements", "r i", "y", axis=2)),
        (1, 2, 4, 3),
        {"i": np.asarray([0, 1, 2, 3, 3, -1, 1, 0, 2, 2, 0, 1], dtype=np.int64).reshape(1, 2, 2, 3)},
    ),
)
