"""ReduceL2 is the square root of ReduceSum of squares."""

from tileloom.compiler.expansion import expand, part
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, step
from tileloom.compiler.reductions import AXES_RULES, reduction_part

NAMES = ("ReduceL2",)
RULES = AXES_RULES


def lower(node: Node, lowering: Lowering) -> None:
    """Emit its steps."""
    reduction, constants = reduction_part("ReduceSum", node, ".before", ".reduced")
    steps = [
        part("Mul", f"{node.inputs[0]} {node.inputs[0]}", ".before"),
        reduction,
        part("Sqrt", ".reduced", node.outputs[0]),
    ]
    expand(node, lowering, steps, constants)


EXAMPLES = (Example("width", (step("ReduceL2", "x a", "y", keepdims=0),), (1, 6, 5, 9), {"a": integers(3)}, opset=18),)
