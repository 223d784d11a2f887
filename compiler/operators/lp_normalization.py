"""LpNormalization becomes a product with the reciprocal of the norm along its axis."""

import numpy as np

from tileloom.compiler.expansion import expand, part
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.reductions import reduction_over
from tileloom.compiler.rule import Rule, attribute_is

NAMES = ("LpNormalization",)


def _axis(node: Node) -> str | None:
    shape, axis = node.shape(0), node.integer("axis", -1)
    return None if shape is None or -len(shape) <= axis < len(shape) else f"{axis} of {len(shape)} axes"


RULES = (
    attribute_is("p", (1, 2), 2, "use the norm of order 1 or 2"),
    Rule("TL211", "the axis must exist", "correct axis", _axis),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit its steps."""
    rank, order = len(node.shape(0) or ()), node.integer("p", 2)
    powers = (
        part("Abs", node.inputs[0], ".powers")
        if order == 1
        else part("Mul", f"{node.inputs[0]} {node.inputs[0]}", ".powers")
    )
    total, constants = reduction_over("ReduceSum", node, (node.integer("axis", -1) % rank,), ".powers", ".sum")
    steps = [powers, total, part("Pow", ".sum .exponent", ".factors")]
    constants = {**constants, ".exponent": np.asarray(-1.0 / order, dtype=np.float32)}
    expand(node, lowering, [*steps, part("Mul", f"{node.inputs[0]} .factors", node.outputs[0])], constants)


EXAMPLES = (
    Example("euclidean, over channels", (step("LpNormalization", "x", "y", axis=1, p=2),), (1, 24, 3, 4)),
    Example("sum of absolute values", (step("LpNormalization", "x", "y", p=1),), (1, 3, 4, 16)),
)
