"""MeanVarianceNormalization becomes means over its axes, a table of the variance's inverse root, and a product."""

from tileloom.compiler.expansion import expand
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.normalisation import normalised
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.rule import Rule

NAMES = ("MeanVarianceNormalization",)


def _axes(node: Node) -> str | None:
    shape, axes = node.shape(0), node.integers("axes") or (0, 2, 3)
    return None if shape is None or all(-len(shape) <= axis < len(shape) for axis in axes) else f"axes {list(axes)}"


RULES = (Rule("TL211", "the axes must exist", "correct the axes", _axes),)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit its steps."""
    rank = len(node.shape(0) or ())
    axes = tuple(sorted({axis % rank for axis in node.integers("axes") or (0, 2, 3)}))
    expand(node, lowering, *normalised(node, node.inputs[0], axes, node.outputs[0], epsilon=1e-9))


EXAMPLES = (Example("each channel", (step("MeanVarianceNormalization", "x", "y", axes=[0, 2, 3]),), (1, 3, 6, 6)),)
