"""The powers and roots of Lp pools and norms."""

import numpy as np
import onnx

from tileloom.compiler.expansion import part
from tileloom.compiler.node import Array, Node


def powers(node: Node, order: int) -> list[onnx.NodeProto]:
    """``.powers`` is ``|x| ** order`` of the node's first input."""
    if order == 1:
        return [part("Abs", node.inputs[0], ".powers")]
    square = part("Mul", f"{node.inputs[0]} {node.inputs[0]}", ".powers" if order == 2 else ".squares")
    if order == 2:
        return [square]
    if order == 3:
        return [square, part("Abs", node.inputs[0], ".sizes"), part("Mul", ".sizes .squares", ".powers")]
    if order == 4:
        return [square, part("Mul", ".squares .squares", ".powers")]
    if order % 2 == 0:
        return [part("Pow", f"{node.inputs[0]} .order", ".powers")]
    return [part("Abs", node.inputs[0], ".sizes"), part("Pow", ".sizes .order", ".powers")]


def root(node: Node, order: int) -> onnx.NodeProto:
    """The node's output is ``.sums ** (1 / order)``."""
    if order == 1:
        return part("Identity", ".sums", node.outputs[0])
    return part("Sqrt", ".sums", node.outputs[0]) if order == 2 else part("Pow", ".sums .inverse", node.outputs[0])


def exponents(order: int) -> dict[str, Array]:
    """The constants of :func:`powers` and :func:`root`."""
    return {
        ".order": np.asarray(order, dtype=np.float32),
        ".inverse": np.asarray(1.0 / order, dtype=np.float32),
    }
