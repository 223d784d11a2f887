"""GroupNormalization becomes means over groups of channels, a table of the variance's inverse root, and products."""

import numpy as np

from tileloom.compiler.expansion import expand, part
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.normalisation import normalised, scaled
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import Rule, constant_operand, first_axis_is_one

NAMES = ("GroupNormalization",)


def _groups(node: Node) -> str | None:
    shape, groups = node.shape(0), node.integer("num_groups", 1)
    if shape is None or len(shape) < 3 or (groups >= 1 and shape[1] % groups == 0):
        return None
    return f"{groups} groups of {shape[1]} channels"


def _sizes(node: Node) -> str | None:
    shape = node.shape(0) or ()
    wanted = node.integer("num_groups", 1) if node.opset < 21 else (shape[1] if len(shape) > 1 else 0)
    for index in (1, 2):
        if node.shape(index) not in (None, (wanted,)):
            return f"{list(node.shape(index) or ())} where {wanted} are needed"
    return None


RULES = (
    first_axis_is_one(),
    constant_operand(1, "scale"),
    constant_operand(2, "bias"),
    Rule("TL203", "num_groups must divide the channels", "choose another number of groups", _groups),
    Rule("TL211", "scale and bias must have one number per group or channel", "export the network again", _sizes),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit its steps."""
    shape, groups = node.shape(0) or (), node.integer("num_groups", 1)
    steps, constants = normalised(node, ".grouped", (2,), ".normalised")
    each = shape[1] // groups if node.opset < 21 else 1
    gain, offset = (
        np.repeat(lowering.constant(node, index).values, each).reshape(-1, *(1,) * (len(shape) - 2)) for index in (1, 2)
    )
    after, more = scaled(node, ".whole", gain, offset)
    shapes = {".groups": np.asarray([1, groups, -1]), ".shape": np.asarray(shape)}
    around = {name: values.astype(np.int64) for name, values in shapes.items()}
    before = part("Reshape", f"{node.inputs[0]} .groups", ".grouped")
    behind = part("Reshape", ".normalised .shape", ".whole")
    expand(node, lowering, [before, *steps, behind, *after], {**constants, **more, **around})


EXAMPLES = (
    Example(
        "two groups",
        (step("GroupNormalization", "x s b", "y", num_groups=2),),
        (1, 4, 5, 6),
        {"s": numbers(4, seed=2) + np.float32(1), "b": numbers(4, seed=3)},
        opset=21,
    ),
)
