"""Softmax at the very end of the network runs on the host; elsewhere it is computed on the grid.

There it becomes a maximum, a table of exponentials, their sum, the table of its reciprocal and a product; at the end
the accelerator's output is what Softmax would have read.
"""

from onnx import TensorProto

from tileloom.compiler.expansion import expand, part
from tileloom.compiler.host_end import may_run_on_host
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.softmax_parts import AXIS_RULE, shifted_exponentials

NAMES = ("Softmax",)
RULES = (AXIS_RULE,)


def lower(node: Node, lowering: Lowering) -> None:
    """Leave the node to the host, or emit its steps."""
    if may_run_on_host(node, lowering):
        lowering.leave_to_host(node)
        return
    steps, constants = shifted_exponentials(node)
    steps += [part("Reciprocal", ".sum", ".inverse"), part("Mul", ".powers .inverse", node.outputs[0])]
    expand(node, lowering, steps, constants)


EXAMPLES = (
    Example(
        "classifier",
        (step("Gemm", "x w", "g"), step("Softmax", "g", "y", axis=1)),
        (1, 8),
        {"w": numbers(8, 4)},
        output_type=TensorProto.FLOAT,
    ),
    Example("attention over channels", (step("Softmax", "x", "s", axis=1), step("Mul", "s x", "y")), (1, 4, 3, 5)),
    Example("attention over columns", (step("Softmax", "x", "s", axis=-1), step("Mul", "s x", "y")), (1, 3, 4, 5)),
    Example("of an input", (step("Softmax", "x", "y", axis=1),), (1, 6)),
    Example("of all axes together", (step("Softmax", "x", "y", axis=1),), (1, 2, 1, 3), opset=11),
)
