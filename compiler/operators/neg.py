"""Neg is a gain of -1, folded into the convolution before it, else a 1x1 depthwise Conv2d."""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.real_graph import Affine
from tileloom.compiler.rule import Rule

NAMES = ("Neg",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Emit a gain."""
    view = lowering.placed(node, 0)
    gain = lowering.per_channel(node, view, np.array(-1.0))
    lowering.emit(Affine(node.source, view.name, lowering.add_like(node, view), gain, np.zeros_like(gain)))


EXAMPLES = (
    Example("alone", (step("Neg", "x", "y"),), (1, 3, 4, 4)),
    Example(
        "after a convolution",
        (step("Conv", "x w", "c"), step("Neg", "c", "y")),
        (1, 3, 6, 6),
        {"w": numbers(4, 3, 3, 3)},
    ),
)
