"""Cast between floating-point types is dropped; of an 8-bit integer input it makes the input's codes its values.

Behind ConvInteger and MatMulInteger it gives the exact sums, as codes of 16 bits: :data:`INTEGER_SUM` tells of which
value.
"""

import numpy as np
from onnx import TensorProto

from tileloom.compiler.lowering import Lowering, refuse
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.quantisation_parameters import ACTIVATION_TYPES
from tileloom.compiler.real_graph import Convolution, Quantisation, Requantise
from tileloom.compiler.rule import Rule

NAMES = ("Cast",)

FLOATING = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16)


INTEGER_SUM = "/sum"
"""What the value of such a sum is called, behind the name of the operator's output."""
GREATEST = 32_767
FURTHEST = 255
"""Greatest distance of an 8-bit code from its zero point."""


def _type_name(value: int) -> str:
    return TensorProto.DataType.Name(value) if value in TensorProto.DataType.values() else str(value)


def _target(node: Node) -> str | None:
    to = node.integer("to", 0)
    return None if to in FLOATING or _is_sum(node) else _type_name(to)


def _is_sum(node: Node) -> bool:
    return node.inputs[0] == f"{node.outputs[0]}{INTEGER_SUM}"


def _origin(node: Node) -> str | None:
    found = node.types.get(node.inputs[0])
    return None if found is None or found in FLOATING or found in ACTIVATION_TYPES else _type_name(found)


RULES = (
    Rule("TL212", "the result must be a floating-point type", "remove the Cast", _target),
    Rule("TL212", "the input must be a floating-point type, INT8 or UINT8", "remove the Cast", _origin),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Another name for the input; integers are read as values of scale 1."""
    if lowering.alias_on_host(node):
        return
    if _is_sum(node):
        _lower_sum(node, lowering)
        return
    offset = ACTIVATION_TYPES.get(node.types.get(node.inputs[0], 0))
    view = lowering.view(node, 0)
    if offset is not None:
        if view.name not in lowering.network.inputs or lowering.quantisation(view) is not None:
            raise refuse(
                node,
                "TL212",
                "only a network input may be cast from integers",
                "a computed value",
                "use DequantizeLinear",
            )
        lowering.set_input_quantisation(view.name, Quantisation(1.0, -offset))
    lowering.alias(node, view)


def _lower_sum(node: Node, lowering: Lowering) -> None:
    """The sums as they are: a grid of scale 1 on which none is rounded or clamped."""
    view = lowering.placed(node, 0)
    producer = next(each for each in reversed(lowering.operators) if each.output == view.name)
    assert isinstance(producer, Convolution), "products of integers are convolutions"
    weights = np.abs(producer.weights).reshape(len(producer.weights), -1).sum(axis=1)
    largest = int((weights * FURTHEST + np.abs(producer.bias)).max(initial=0))
    if largest > GREATEST:
        raise refuse(
            node,
            "TL311",
            f"sums that a network gives out as integers must be at most {GREATEST}",
            f"sums of up to {largest}",
            "rescale them on the accelerator: follow them with DequantizeLinear or Cast to float and Mul",
        )
    grid = Quantisation(1.0, 0, -GREATEST - 1, GREATEST)
    lowering.emit(Requantise(node.source, view.name, lowering.add_like(node, view), grid))


EXAMPLES = (
    Example(
        "of a uint8 picture",
        (step("Cast", "x", "f", to=TensorProto.FLOAT), step("Conv", "f w", "y")),
        (1, 1, 5, 5),
        {"w": numbers(2, 1, 3, 3, scale=0.01)},
        input_type=TensorProto.UINT8,
    ),
)
