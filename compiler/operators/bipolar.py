"""QONNX BipolarQuant is +scale where the sum before it is at least 0, else -scale; of weights it is folded.

Its table has one step, at zero, and the sum before it is not rounded: what the network gives is exact.
"""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.quantisation_parameters import SCALE_RULE
from tileloom.compiler.real_graph import Function, Map, Quantisation, Requantise
from tileloom.compiler.rule import constant_operand, scalar_constant
from tileloom.compiler.table_function import STEP, TableFunction

NAMES = ("Bipolar",)
RULES = (constant_operand(1, "the scale"), scalar_constant(1, "the scale"), SCALE_RULE)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the function, and the grid of its two values."""
    if lowering.alias_on_host(node):
        return
    view = lowering.placed(node, 0)
    scale = float(lowering.constant(node, 1).values.ravel()[0])
    output = lowering.add_like(node, view)
    map_ = lowering.maps[output]
    between = f"{output}/sign"
    lowering.maps[between] = Map(
        between, output, map_.channels, map_.height, map_.width, (map_.channels, map_.height, map_.width)
    )
    lowering.emit(Function(node.source, view.name, between, TableFunction(STEP, (scale,)), node.inputs[0]))
    lowering.emit(Requantise(node.source, between, output, Quantisation(scale, 0, -1, 1)))


EXAMPLES = (
    Example(
        "bipolar weights and activations",
        (
            step("BipolarQuant", "w sw", "wq", domain="qonnx.custom_op.general"),
            step("Conv", "x wq", "c"),
            step("BipolarQuant", "c sy", "y", domain="qonnx.custom_op.general"),
        ),
        (1, 4, 5, 5),
        {
            "w": numbers(3, 4, 3, 3),
            "sw": np.asarray(0.5, dtype=np.float32),
            "sy": np.asarray(0.75, dtype=np.float32),
        },
    ),
)
