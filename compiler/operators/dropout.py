"""Dropout does nothing in inference and is dropped."""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.rule import Rule, constant_operand

NAMES = ("Dropout",)


def _training(node: Node) -> str | None:
    mode = node.constant(2)
    return "training_mode true" if mode is not None and bool(np.any(mode.values)) else None


RULES = (
    constant_operand(2, "training_mode"),
    Rule("TL202", "the network must be in inference mode", "export it after model.eval()", _training),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Another name for the input."""
    lowering.alias_reshaped(node)


EXAMPLES = (
    Example(
        "ratio as attribute", (step("Relu", "x", "r"), step("Dropout", "r", "y", ratio=0.3)), (1, 3, 2, 2), opset=9
    ),
)
