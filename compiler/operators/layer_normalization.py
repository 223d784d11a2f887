"""LayerNormalization becomes means over the last axes, a table of the variance's inverse root, and products.

Its other outputs (mean and inverse deviation) must not be read.
"""

import numpy as np

from tileloom.compiler.expansion import expand
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.normalisation import normalised, operand, scaled
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import Rule

NAMES = ("LayerNormalization",)


def _axis(node: Node) -> str | None:
    shape, axis = node.shape(0), node.integer("axis", -1)
    return None if shape is None or -len(shape) <= axis < len(shape) else f"{axis} of {len(shape)} axes"


RULES = (Rule("TL211", "the axis must exist", "correct axis", _axis),)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit its steps."""
    rank = len(node.shape(0) or ())
    axes = tuple(range(node.integer("axis", -1) % rank, rank))
    steps, constants = normalised(node, node.inputs[0], axes, ".normalised")
    after, more = scaled(node, ".normalised", operand(node, 1), operand(node, 2))
    expand(node, lowering, [*steps, *after], {**constants, **more})


EXAMPLES = (
    Example(
        "rows of a sequence",
        (step("LayerNormalization", "x s b", "y"),),
        (1, 6, 24),
        {"s": numbers(24, seed=2) + np.float32(1), "b": numbers(24, seed=3)},
    ),
    Example(
        "whole maps",
        (step("LayerNormalization", "x s", "y", axis=1),),
        (1, 3, 4, 5),
        {"s": np.ones((3, 4, 5), dtype=np.float32)},
    ),
    Example(
        "channels, last",
        (
            step("Transpose", "x", "t", perm=[0, 2, 3, 1]),
            step("LayerNormalization", "t s b", "n"),
            step("Transpose", "n", "y", perm=[0, 3, 1, 2]),
        ),
        (1, 12, 4, 5),
        {"s": numbers(12, seed=2) + np.float32(1), "b": numbers(12, seed=3)},
    ),
)
