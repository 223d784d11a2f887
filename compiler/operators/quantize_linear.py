"""QuantizeLinear fixes the scale and zero point of the map before it: the model's own are the ones used.

uint8 codes become signed: 128 is subtracted from codes and zero point. A map that already has another quantisation
is copied to the new one.
"""

import numpy as np
from onnx import TensorProto

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Array, Example, integers, numbers, step
from tileloom.compiler.quantisation_parameters import PARAMETER_RULES, quantisation_of
from tileloom.compiler.real_graph import Requantise

NAMES = ("QuantizeLinear",)
RULES = PARAMETER_RULES


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the change of grid; a later pass merges it into its producer."""
    if lowering.alias_on_host(node):
        return
    view = lowering.placed(node, 0)
    output = lowering.add_like(node, view)
    lowering.emit(Requantise(node.source, view.name, output, quantisation_of(node)))


def _scale(value: float) -> Array:
    return np.asarray(value, dtype=np.float32)


_GRID: dict[str, Array] = {
    "sx": _scale(0.02),
    "zx": np.asarray(120, dtype=np.uint8),
    "sw": np.abs(numbers(4, scale=0.01)) + np.float32(0.001),
    "zw": np.zeros(4, dtype=np.int8),
    "w": np.asarray(np.random.default_rng(5).integers(-127, 128, (4, 3, 3, 3)), dtype=np.int8),
    "sy": _scale(0.05),
    "zy": np.asarray(7, dtype=np.int8),
    "s": integers(1, 36),
}

EXAMPLES = (
    Example(
        "quantised convolution, uint8 in, int8 out",
        (
            step("QuantizeLinear", "x sx zx", "xq"),
            step("DequantizeLinear", "xq sx zx", "xd"),
            step("DequantizeLinear", "w sw zw", "wd", axis=0),
            step("Conv", "xd wd", "c"),
            step("Relu", "c", "r"),
            step("QuantizeLinear", "r sy zy", "q"),
            step("Reshape", "q s", "y"),
        ),
        (1, 3, 5, 5),
        _GRID,
        output_type=TensorProto.INT8,
    ),
    Example(
        "two grids for one map",
        (
            step("QuantizeLinear", "x sx zx", "xq"),
            step("DequantizeLinear", "xq sx zx", "xd"),
            step("QuantizeLinear", "xd sy zy", "q"),
            step("DequantizeLinear", "q sy zy", "d"),
            step("Add", "d xd", "y"),
        ),
        (1, 3, 5, 5),
        {name: _GRID[name] for name in ("sx", "zx", "sy", "zy")},
    ),
)
