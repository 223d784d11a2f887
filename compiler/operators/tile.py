"""Tile is a view that repeats a map along any axes."""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.movement import lower_movement
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, numbers, step
from tileloom.compiler.rule import Rule, constant_operand
from tileloom.compiler.view import Indices

NAMES = ("Tile",)


def _wrong(node: Node) -> str | None:
    repeats, shape = node.constant(1), node.shape(0)
    if repeats is None or shape is None or repeats.values.size == len(shape):
        return None
    return f"{repeats.values.size} of {len(shape)} axes"


RULES = (
    constant_operand(1, "the repeats"),
    Rule("TL211", "there must be one number of repeats per axis", "correct the repeats", _wrong),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Repeat in the view."""
    repeats = node.integers_operand(1, "repeats") or ()

    def move(table: Indices) -> Indices:
        return np.tile(table, repeats)

    lower_movement(node, lowering, move)


EXAMPLES = (
    Example(
        "channels and rows",
        (step("Relu", "x", "r"), step("Tile", "r t", "t2"), step("Conv", "t2 w", "y")),
        (1, 2, 3, 4),
        {"t": integers(1, 2, 3, 1), "w": numbers(3, 4, 3, 2)},
    ),
)
