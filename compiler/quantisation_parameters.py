"""Scale and zero point of QuantizeLinear and DequantizeLinear: their rules, and their signed form."""

import numpy as np
from onnx import TensorProto

from tileloom.compiler.node import Constant, Node
from tileloom.compiler.real_graph import Quantisation
from tileloom.compiler.rule import Rule, constant_operand

ACTIVATION_TYPES: dict[int, int] = {
    TensorProto.INT8: 0,
    TensorProto.UINT8: 128,
    TensorProto.INT4: 0,
    TensorProto.UINT4: 0,
    TensorProto.INT2: 0,
    TensorProto.UINT2: 0,
}
"""Element types of activation codes, and what is taken off codes and zero point so that they fit 8 bits signed."""
LIMITS: dict[int, tuple[int, int]] = {
    TensorProto.INT4: (-8, 7),
    TensorProto.UINT4: (0, 15),
    TensorProto.INT2: (-2, 1),
    TensorProto.UINT2: (0, 3),
}
"""Least and greatest code of the types that do not use all of 8 bits."""


def code_type(node: Node) -> int | None:
    """Element type of the codes: of the zero point, else ``output_dtype``, else the input's; uint8 by default."""
    if node.has_input(2):
        return node.types.get(node.inputs[2])
    if node.op == "DequantizeLinear":
        return node.types.get(node.inputs[0])
    return node.integer("output_dtype", TensorProto.UINT8) or TensorProto.UINT8


def quantisation_of(node: Node) -> Quantisation:
    """The quantisation of an activation, codes made signed; the node has passed :data:`PARAMETER_RULES`."""
    scale, zero_point = node.constant(1), node.constant(2)
    assert scale is not None
    zero = 0 if zero_point is None else int(zero_point.values.ravel()[0])
    kind = code_type(node) or 0
    return Quantisation(float(scale.values.ravel()[0]), zero - ACTIVATION_TYPES[kind], *LIMITS.get(kind, (-128, 127)))


def bad_scale(scale: Constant | None) -> str | None:
    """A scale that is not positive and finite, in words."""
    if scale is None:
        return None
    values = np.asarray(scale.values, dtype=np.float64).ravel()
    wrong = values[~(np.isfinite(values) & (values > 0))]
    return None if wrong.size == 0 else f"{wrong[0]:g}"


def _several(node: Node) -> str | None:
    for index in (1, 2):
        constant = node.constant(index)
        if constant is not None and constant.values.size != 1:
            return f"{constant.values.size} of them"
    return None


def _bad_type(node: Node) -> str | None:
    found = code_type(node)
    if found is None or found in ACTIVATION_TYPES:
        return None
    return TensorProto.DataType.Name(found) if found in TensorProto.DataType.values() else str(found)


SCALE_RULE = Rule(
    "TL301",
    "scales must be positive finite numbers",
    "calibrate the network again",
    lambda node: bad_scale(node.constant(1)),
)

PARAMETER_RULES = (
    constant_operand(1, "the scale"),
    constant_operand(2, "the zero point"),
    SCALE_RULE,
    Rule("TL304", "activations must have one scale and zero point", "quantise activations per tensor", _several),
    Rule("TL302", "activation codes must be integers of at most 8 bits", "quantise activations to 8 bits", _bad_type),
)
