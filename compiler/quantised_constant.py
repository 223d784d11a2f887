"""Weights behind QONNX's Quant and BipolarQuant: their codes and scales."""

import numpy as np

from tileloom.compiler.node import Constant, Node
from tileloom.compiler.problems import Problem
from tileloom.compiler.quantisation_parameters import SCALE_RULE

QUANTS = ("Quant", "QuantFloor", "QuantCeil", "QuantToZero", "Bipolar")
"""Operators that put a constant onto a grid."""


def quantised_constant(node: Node) -> Constant | Problem:
    """Codes, scales and values of a constant behind one of :data:`QUANTS`, rounded in float32 as QONNX does.

    The zero point is taken off the codes. Scales may have any shape that broadcasts to the constant's.
    """
    if (problem := SCALE_RULE.check(node)) is not None:
        return problem
    operands = [np.asarray(node.constants[name].values, dtype=np.float32) for name in node.inputs]
    values, scale = operands[:2]
    try:
        scales = np.broadcast_to(scale, values.shape).astype(np.float64)
        if node.op == "Bipolar":
            codes = np.where(values >= 0, 1, -1).astype(np.int64)
        else:
            zero, low, high = (np.broadcast_to(operand, values.shape) for operand in operands[2:])
            inside = np.minimum(np.maximum(values / scale + zero, low), high)
            codes = (_rounded(node.op, inside) - zero).astype(np.int64)
    except ValueError:
        return Problem(
            "TL304",
            node.name,
            node.source.line,
            f"{node.op}: scale and zero point must broadcast to the weights",
            f"{list(scale.shape)} against {list(values.shape)}",
            "quantise per tensor or per channel",
        )
    return Constant(codes * scales, codes, scales)


def _rounded(op: str, values: np.ndarray) -> np.ndarray:
    match op:
        case "QuantFloor":
            return np.asarray(np.floor(values))
        case "QuantCeil":
            return np.asarray(np.ceil(values))
        case "QuantToZero":
            return np.asarray(np.trunc(values))
        case _:
            return np.asarray(np.rint(values))
