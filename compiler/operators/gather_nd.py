"""GatherND by constant indices is a view: any elements or slices, in any order, any number of times."""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.movement import lower_movement
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, step
from tileloom.compiler.rule import Rule, attribute_is, constant_operand
from tileloom.compiler.view import Indices

NAMES = ("GatherND",)


def _wrong(node: Node) -> str | None:
    shape, indices = node.shape(0), node.constant(1)
    if shape is None or indices is None:
        return None
    depth = indices.values.shape[-1] if indices.values.ndim else 0
    if not 1 <= depth <= len(shape):
        return f"{depth} indices of {len(shape)} axes"
    limits = np.asarray(shape[:depth])
    inside = np.all((indices.values >= -limits) & (indices.values < limits))
    return None if inside else f"an index outside {list(shape)}"


RULES = (
    constant_operand(1, "the indices"),
    attribute_is("batch_dims", (0,), 0, "give full indices"),
    Rule("TL211", "the indices must lie within the input", "correct them", _wrong),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Take elements of the view."""
    chosen = np.asarray(lowering.constant(node, 1).values, dtype=np.int64)

    def move(table: Indices) -> Indices:
        return np.asarray(table[tuple(np.moveaxis(chosen, -1, 0))])

    lower_movement(node, lowering, move)


EXAMPLES = (
    Example(
        "two rows of channels",
        (step("Relu", "x", "r"), step("GatherND", "r i", "g"), step("Reshape", "g s", "y")),
        (1, 3, 4, 5),
        {"i": np.asarray([[0, 2, 1], [0, -3, 3]], dtype=np.int64), "s": integers(1, 2, 5)},
    ),
)
