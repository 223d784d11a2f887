"""Numbers: what computes on plain 8-bit integers, without a scale, is refused.

Requires: shapes, types, constants. Ensures: no live node is left whose arithmetic ONNX defines on integers (wrapping or
saturating at 8 bits), which a quantised map does not have. Movements, pools, limits and quantised operators read codes.
"""

from onnx import TensorProto

from tileloom.compiler.network import Network
from tileloom.compiler.problems import Problem

ARITHMETIC = frozenset(["Abs", "Add", "Div", "Max", "Min", "Mul", "Neg", "Pow", "PRelu", "Relu", "Sub", "Sum"])
"""Operators that ONNX also defines on integers."""


def check_numbers(network: Network) -> Network:
    """Report arithmetic on 8-bit integers."""
    problems = []
    for node in network.nodes():
        kind = node.types.get(node.inputs[0]) if node.inputs else None
        if node.op in ARITHMETIC and kind in (TensorProto.INT8, TensorProto.UINT8):
            rule = f"{node.op}: the data must be floating point, or 8-bit codes behind DequantizeLinear"
            value = TensorProto.DataType.Name(kind)
            fix = "put DequantizeLinear before it and QuantizeLinear behind it"
            problems.append(Problem("TL212", node.name, node.source.line, rule, value, fix))
    return network.with_problems(problems)
