"""Clip (Relu6, Hardtanh) becomes the limits of the operator before it."""

from dataclasses import replace
from math import inf

import numpy as np
from onnx import TensorProto

from tileloom.compiler.lowering import Lowering, refuse
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.quantisation_parameters import ACTIVATION_TYPES
from tileloom.compiler.real_graph import Clamp, Requantise
from tileloom.compiler.rule import Rule, constant_operand, scalar_constant

NAMES = ("Clip",)


def _limits(node: Node) -> tuple[float, float]:
    limits = []
    for index, name, default in ((1, "min", -inf), (2, "max", inf)):
        constant = node.constant(index)
        limits.append(node.real(name, default) if constant is None else float(np.ravel(constant.values)[0]))
    return limits[0], limits[1]


def _crossed(node: Node) -> str | None:
    if any(c is not None and c.values.size != 1 for c in (node.constant(1), node.constant(2))):
        return None
    low, high = _limits(node)
    return f"min {low:g} and max {high:g}" if low > high else None


RULES = (
    constant_operand(1, "min"),
    constant_operand(2, "max"),
    scalar_constant(1, "min"),
    scalar_constant(2, "max"),
    Rule("TL202", "min must not exceed max", "exchange them", _crossed),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit a clamp; limits of codes, between QuantizeLinear and DequantizeLinear, become those of real numbers."""
    if node.types.get(node.inputs[0]) in ACTIVATION_TYPES:
        _lower_codes(node, lowering)
        return
    view = lowering.placed(node, 0)
    low, high = _limits(node)
    lowering.emit(Clamp(node.source, view.name, lowering.add_like(node, view), low, high))


def _lower_codes(node: Node, lowering: Lowering) -> None:
    view = lowering.view(node, 0)
    grid, kind = lowering.quantisation(view), node.types[node.inputs[0]]
    if grid is None or view.name in lowering.network.inputs:
        raise refuse(
            node,
            "TL212",
            "the data must be floating point, or codes behind QuantizeLinear",
            TensorProto.DataType.Name(kind),
            "put DequantizeLinear before it and QuantizeLinear behind it",
        )
    low, high = ((limit - ACTIVATION_TYPES[kind] - grid.zero_point) * grid.scale for limit in _limits(node))
    output = lowering.add_like(node, view)
    map_ = lowering.maps[output]
    inside = f"{output}/inside"
    lowering.maps[inside] = replace(map_, name=inside)
    lowering.emit(Clamp(node.source, view.name, inside, low, high))
    lowering.emit(Requantise(node.source, inside, output, grid))


EXAMPLES = (
    Example(
        "relu6",
        (step("Conv", "x w", "c"), step("Clip", "c low high", "y")),
        (1, 3, 5, 5),
        {
            "w": numbers(4, 3, 2, 2, scale=3.0),
            "low": np.asarray(0.0, dtype=np.float32),
            "high": np.asarray(6.0, dtype=np.float32),
        },
    ),
    Example("limits as attributes", (step("Clip", "x", "y", min=-0.5, max=0.75),), (1, 2, 3, 3), opset=8),
    Example(
        "upper limit only",
        (step("Clip", "x - high", "y"),),
        (1, 2, 3, 3),
        {"high": np.asarray(0.25, dtype=np.float32)},
    ),
)
