"""ReduceSum over height and width becomes AveragePool2d with a factor; over channels Conv2d with ones."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, step
from tileloom.compiler.reductions import AXES_RULES, Reduction, lower_reduction, reduced_axes

NAMES = ("ReduceSum",)
RULES = AXES_RULES


def lower(node: Node, lowering: Lowering) -> None:
    """Emit a pool or a convolution."""
    lower_reduction(node, lowering, reduced_axes(node), Reduction.SUM)


EXAMPLES = (
    Example("height and width", (step("ReduceSum", "x", "y", axes=[2, 3], keepdims=1),), (1, 6, 5, 3), opset=11),
    Example(
        "axes as input, dropped",
        (step("ReduceSum", "x a", "y", keepdims=0),),
        (1, 6, 5, 3),
        {"a": integers(-1, -2)},
        opset=18,
    ),
    Example("channels", (step("ReduceSum", "x a", "y", keepdims=1),), (1, 6, 5, 3), {"a": integers(1)}, opset=18),
    Example("width", (step("ReduceSum", "x a", "y", keepdims=0),), (1, 4, 5, 3), {"a": integers(3)}, opset=18),
    Example(
        "channels and height",
        (step("ReduceSum", "x a", "y", keepdims=1),),
        (1, 4, 5, 3),
        {"a": integers(1, 2)},
        opset=18,
    ),
    Example("everything", (step("ReduceSum", "x", "y"),), (1, 4, 5, 3), opset=18),
    Example(
        "of a value that is channels last",
        (step("Transpose", "x", "t", perm=[0, 2, 3, 1]), step("ReduceSum", "t a", "y", keepdims=0)),
        (1, 4, 5, 3),
        {"a": integers(3)},
        opset=18,
    ),
)
