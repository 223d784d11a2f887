"""Which nodes stand at the network's very end, where operators may be left to the host."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node

# fmt: off
FOLLOWERS = frozenset([
    "ArgMax", "Cast", "Dropout", "Flatten", "Identity", "LogSoftmax", "Reshape", "Softmax", "Squeeze", "Transpose",
    "Unsqueeze",
])
# fmt: on
"""Operators that may follow one on the host, on the host themselves."""


def may_run_on_host(node: Node, lowering: Lowering) -> bool:
    """Whether the accelerator computes the node's input, and nothing behind the node needs it again."""
    view = lowering.views.get(node.inputs[0])
    if view is None or node.part_of or (view.host is None and view.name in lowering.network.inputs):
        return False
    reached = {node.outputs[0]}
    for other in lowering.network.nodes():
        if reached.intersection(other.inputs):
            if other.op not in FOLLOWERS:
                return False
            reached.update(other.outputs)
    return True
