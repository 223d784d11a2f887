"""QONNX Quant (and brevitas exports) of 1 to 8 bits fixes the grid of the map before it, limits included.

Of weights it is folded: their codes and scales are used as they are, per tensor or per output channel, 1 to 8 bits.
Activations have one scale and a whole zero point; they are rounded half to even (ROUND) or downwards (FLOOR).
"""

from collections.abc import Callable

import numpy as np
import onnx

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Array, Example, numbers, step
from tileloom.compiler.quantisation_parameters import SCALE_RULE
from tileloom.compiler.real_graph import Quantisation, Requantise
from tileloom.compiler.rule import Rule, constant_operand
from tileloom.hw.spec.quant import Rounding

NAMES = ("Quant", "QuantFloor")


def _several(index: int) -> Callable[[Node], str | None]:
    def violation(node: Node) -> str | None:
        constant = node.constant(index)
        return None if constant is None or constant.values.size == 1 else f"{constant.values.size} of them"

    return violation


def _zero_point(node: Node) -> str | None:
    zero = node.constant(2)
    if zero is None or zero.values.size != 1:
        return None
    value = float(zero.values.ravel()[0])
    return None if value.is_integer() and -255 <= value <= 255 else f"{value:g}"


def _levels(node: Node) -> str | None:
    low, high = node.constant(3), node.constant(4)
    if low is None or high is None:
        return None
    count = float(high.values.ravel()[0]) - float(low.values.ravel()[0]) + 1
    return None if count <= 256 else f"{count:.0f}"


RULES = (
    constant_operand(1, "the scale"),
    constant_operand(2, "the zero point"),
    SCALE_RULE,
    Rule("TL304", "activations must have one scale", "quantise activations per tensor", _several(1)),
    Rule("TL304", "activations must have one zero point", "quantise activations per tensor", _several(2)),
    Rule("TL311", "the zero point must be a whole number", "round it", _zero_point),
    Rule("TL311", "activations must have at most 256 levels", "quantise activations to 8 bits or fewer", _levels),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the change of grid; a later pass merges it into its producer."""
    if lowering.alias_on_host(node):
        return
    view = lowering.placed(node, 0)
    scale, zero, low, high = (float(lowering.constant(node, index).values.ravel()[0]) for index in range(1, 5))
    offset = 128 if high > 127 else 0
    rounding = Rounding.FLOOR if node.op == "QuantFloor" else Rounding.HALF_EVEN
    grid = Quantisation(scale, int(zero) - offset, int(low) - offset, int(high) - offset, rounding)
    lowering.emit(Requantise(node.source, view.name, lowering.add_like(node, view), grid))


def quant(inputs: str, output: str, **attributes: object) -> onnx.NodeProto:
    """A Quant node as QONNX writes it."""
    return step("Quant", inputs, output, domain="qonnx.custom_op.general", **attributes)


def number(value: float) -> Array:
    """A scalar float32."""
    return np.asarray(value, dtype=np.float32)


EXAMPLES = (
    Example(
        "ternary weights, 4-bit activations",
        (
            quant("x sx z b4", "xq", signed=1, narrow=0, rounding_mode="ROUND"),
            quant("w sw z b2", "wq", signed=1, narrow=1, rounding_mode="ROUND"),
            step("Conv", "xq wq", "c"),
            step("Relu", "c", "r"),
            quant("r sy z b4", "y", signed=0, narrow=0, rounding_mode="ROUND"),
        ),
        (1, 3, 5, 5),
        {
            "sx": number(0.25),
            "z": number(0),
            "b4": number(4),
            "b2": number(2),
            "w": numbers(4, 3, 3, 3),
            "sw": np.abs(numbers(4, 1, 1, 1, scale=0.2)) + np.float32(0.1),
            "sy": number(0.37),
        },
    ),
    Example(
        "rounding downwards, a zero point",
        (
            step("Conv", "x w", "c"),
            quant("c s z b", "y", signed=0, narrow=0, rounding_mode="FLOOR"),
        ),
        (1, 2, 5, 5),
        {"w": numbers(3, 2, 3, 3), "s": number(0.05), "z": number(100), "b": number(8)},
    ),
)
