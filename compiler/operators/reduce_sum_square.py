"""ReduceSumSquare is ReduceSum of squares."""

from tileloom.compiler.expansion import expand, part
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, step
from tileloom.compiler.reductions import AXES_RULES, reduction_part

NAMES = ("ReduceSumSquare",)
RULES = AXES_RULES


def lower(node: Node, lowering: Lowering) -> None:
    """Emit its steps."""
    reduction, constants = reduction_part("ReduceSum", node, ".before", node.outputs[0])
    steps = [part("Mul", f"{node.inputs[0]} {node.inputs[0]}", ".before"), reduction]
    expand(node, lowering, steps, constants)


EXAMPLES = (
    Example(
        "height and width",
        (step("ReduceSumSquare", "x a", "y", keepdims=0),),
        (1, 6, 5, 3),
        {"a": integers(2, 3)},
        opset=18,
    ),
    Example("channels, as attribute", (step("ReduceSumSquare", "x", "y", axes=[1]),), (1, 6, 5, 3), opset=11),
)
