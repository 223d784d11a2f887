"""Softmax at the very end of the network runs on the host; the accelerator's output is what it would have read."""

from onnx import TensorProto

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import Rule

NAMES = ("Softmax",)
RULES: tuple[Rule, ...] = ()


def lower(node: Node, lowering: Lowering) -> None:
    """Leave the node to the host."""
    lowering.leave_to_host(node)


EXAMPLES = (
    Example(
        "classifier",
        (step("Gemm", "x w", "g"), step("Softmax", "g", "y", axis=1)),
        (1, 8),
        {"w": numbers(8, 4)},
        output_type=TensorProto.FLOAT,
    ),
)
