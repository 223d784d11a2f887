"""DequantizeLinear gives codes their meaning: of an integer input it fixes the quantisation, elsewhere it is a name.

Of constants it is folded: weights keep their codes, and their scale per tensor or per output channel.
"""

import numpy as np
from onnx import TensorProto

from tileloom.compiler.lowering import Lowering, refuse
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.quantisation_parameters import PARAMETER_RULES, quantisation_of

NAMES = ("DequantizeLinear",)
RULES = PARAMETER_RULES


def lower(node: Node, lowering: Lowering) -> None:
    """Another name for the codes."""
    if lowering.alias_on_host(node):
        return
    view = lowering.view(node, 0)
    wanted, found = quantisation_of(node), lowering.quantisation(view)
    if found is None and view.name in lowering.network.inputs:
        lowering.set_input_quantisation(view.name, wanted)
    elif found != wanted:
        raise refuse(
            node,
            "TL309",
            "scale and zero point must be those of the QuantizeLinear before",
            f"{wanted.scale:g}, {wanted.zero_point} instead of "
            + ("none" if found is None else f"{found.scale:g}, {found.zero_point}"),
            "use the same for both",
        )
    lowering.alias(node, view)


EXAMPLES = (
    Example(
        "of a uint8 input",
        (step("DequantizeLinear", "x s z", "d"), step("Relu", "d", "y")),
        (1, 2, 4, 4),
        {"s": np.asarray(0.1, dtype=np.float32), "z": np.asarray(100, dtype=np.uint8)},
        input_type=TensorProto.UINT8,
    ),
)
