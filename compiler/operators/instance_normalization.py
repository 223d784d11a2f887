"""InstanceNormalization becomes means by pools, a table of the inverse root of the variance, and a product."""

import numpy as np

from tileloom.compiler.expansion import expand
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.normalisation import normalised, operand, scaled
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import Rule, constant_operand, first_axis_is_one, rank_of_input

NAMES = ("InstanceNormalization",)


def _sizes(node: Node) -> str | None:
    shape = node.shape(0) or ()
    for index in (1, 2):
        if len(shape) > 1 and node.shape(index) not in (None, (shape[1],)):
            return f"{list(node.shape(index) or ())} for {shape[1]} channels"
    return None


RULES = (
    rank_of_input((3, 4), "use a map of one or two dimensions"),
    first_axis_is_one(),
    constant_operand(1, "scale"),
    constant_operand(2, "bias"),
    Rule("TL211", "there must be one number per channel", "export the network again", _sizes),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit its steps."""
    shape = node.shape(0) or ()
    wide = (-1, *(1,) * (len(shape) - 2))
    steps, constants = normalised(node, node.inputs[0], tuple(range(2, len(shape))), ".normalised")
    after, more = scaled(node, ".normalised", operand(node, 1, wide), operand(node, 2, wide))
    expand(node, lowering, [*steps, *after], {**constants, **more})


EXAMPLES = (
    Example(
        "after a convolution",
        (step("Conv", "x w", "c"), step("InstanceNormalization", "c s b", "y")),
        (1, 3, 8, 8),
        {"w": numbers(4, 3, 3, 3), "s": numbers(4, seed=2) + np.float32(1), "b": numbers(4, seed=3)},
    ),
    Example(
        "without scale and bias",
        (step("InstanceNormalization", "x s b", "y"),),
        (1, 3, 16),
        {"s": np.ones(3, dtype=np.float32), "b": np.zeros(3, dtype=np.float32)},
    ),
)
