"""LogSoftmax at the very end of the network runs on the host; elsewhere it is computed on the grid.

There it becomes a maximum, a table of exponentials, their sum, the table of its logarithm and a difference; at the end
the accelerator's output is what LogSoftmax would have read.
"""

from onnx import TensorProto

from tileloom.compiler.expansion import expand, part
from tileloom.compiler.host_end import may_run_on_host
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.softmax_parts import AXIS_RULE, shifted_exponentials

NAMES = ("LogSoftmax",)
RULES = (AXIS_RULE,)


def lower(node: Node, lowering: Lowering) -> None:
    """Leave the node to the host, or emit its steps."""
    if may_run_on_host(node, lowering):
        lowering.leave_to_host(node)
        return
    steps, constants = shifted_exponentials(node)
    steps += [part("Log", ".sum", ".logarithm"), part("Sub", ".difference .logarithm", node.outputs[0])]
    expand(node, lowering, steps, constants)


EXAMPLES = (
    Example(
        "classifier",
        (step("Gemm", "x w", "g"), step("LogSoftmax", "g", "y", axis=1)),
        (1, 8),
        {"w": numbers(8, 4)},
        output_type=TensorProto.FLOAT,
    ),
    Example("of an input", (step("LogSoftmax", "x", "y", axis=1),), (1, 3, 2, 4)),
)
