"""RMSNormalization becomes mean squares over the last axes, a table of their inverse root, and products."""

import numpy as np

from tileloom.compiler.expansion import expand
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.normalisation import normalised, operand, scaled
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import Rule

NAMES = ("RMSNormalization",)


def _axis(node: Node) -> str | None:
    shape, axis = node.shape(0), node.integer("axis", -1)
    return None if shape is None or -len(shape) <= axis < len(shape) else f"{axis} of {len(shape)} axes"


RULES = (Rule("TL211", "the axis must exist", "correct axis", _axis),)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit its steps."""
    rank = len(node.shape(0) or ())
    axes = tuple(range(node.integer("axis", -1) % rank, rank))
    steps, constants = normalised(node, node.inputs[0], axes, ".normalised", centred=False)
    after, more = scaled(node, ".normalised", operand(node, 1), None)
    expand(node, lowering, [*steps, *after], {**constants, **more})


EXAMPLES = (
    Example(
        "rows of a sequence",
        (step("RMSNormalization", "x s", "y"),),
        (1, 6, 24),
        {"s": numbers(24, seed=2) + np.float32(1)},
        opset=23,
    ),
)
