"""Products of two computed matrices, or stacks of them: numbers are multiplied pair by pair, then summed up.

The multiplying takes the two-operand multiplier of the back end, one product for each row, column and summed index; the
sum is a convolution with weights of one. So both operands are moved into maps of as many elements as the product has
multiply-accumulates: right for the small products of attention, slow for large ones. Products are quantised before they
are summed up, each to the width of an activation.
"""

import numpy as np
from onnx import NodeProto, helper

from tileloom.compiler.expansion import expand
from tileloom.compiler.lowering import Lowering, refuse
from tileloom.compiler.node import Array, Node

LIMIT = 1 << 24
"""Products that are multiplied out at most."""


def lower_matrix_product(
    node: Node, lowering: Lowering, *, transposed: tuple[bool, bool] = (False, False), alpha: float = 1.0
) -> None:
    """Lower ``y = alpha * a @ b`` of the node's first two inputs as numpy's ``matmul`` has it.

    ``transposed`` tells for each operand whether its last two axes are exchanged first; constants are as they are.
    """
    left, right = node.shape(0), node.shape(1)
    assert left is not None, "the operator's rules asked for the shapes"
    assert right is not None, "the operator's rules asked for the shapes"
    columns = 1 if len(right) == 1 else right[-2 if transposed[1] else -1]
    if (size := int(np.prod(left, dtype=np.int64)) * columns) > LIMIT:
        rule = "a product of two computed matrices must have few multiply-accumulates"
        raise refuse(node, "TL206", rule, f"{size:,}, more than {LIMIT:,}", "make one of them a constant, or smaller")
    nodes: list[NodeProto] = []
    constants: dict[str, Array] = {}
    names = list(node.inputs[:2])
    if alpha != 1.0:
        constants[".alpha"] = np.asarray(alpha, dtype=np.float32)
        nodes.append(helper.make_node("Mul", [names[0], ".alpha"], [".scaled"]))
        names[0] = ".scaled"
    ranks = [len(left), len(right)]
    for index, turn in enumerate(transposed):
        if turn and ranks[index] > 1:
            order = [*range(ranks[index] - 2), ranks[index] - 1, ranks[index] - 2]
            nodes.append(helper.make_node("Transpose", [names[index]], [f".turned{index}"], perm=order))
            names[index] = f".turned{index}"
    # Rows x summed x columns: a vector on the left has no rows, one on the right no columns.
    for index, axis in enumerate((-1, -3)):
        if ranks[1] == 1 or (index == 1 and ranks[0] == 1):
            continue
        given = node.constant(index)
        if given is not None:
            constants[f".wide{index}"] = np.expand_dims(given.values, axis)
            names[index] = f".wide{index}"
            continue
        constants[f".axis{index}"] = np.asarray([axis], dtype=np.int64)
        nodes.append(helper.make_node("Unsqueeze", [names[index], f".axis{index}"], [f".wide{index}"]))
        names[index] = f".wide{index}"
    constants[".summed"] = np.asarray([-1 if ranks[1] == 1 else -2], dtype=np.int64)
    nodes += [
        helper.make_node("Mul", names, [".products"]),
        helper.make_node("ReduceSum", [".products", ".summed"], [node.outputs[0]], keepdims=0),
    ]
    expand(node, lowering, nodes, constants)
