"""RequantShift of integer graphs becomes the multiplier and shift of the convolution before it.

The factors given are the ones used: ``clip(round((x * mul + add) / div))`` must be exact in a multiplier of 16 bits,
a power of two and a whole bias, else the node is refused.
A sum exactly between two results goes to the even one; Deeploy's kernels take the upper.
"""

import numpy as np
import onnx
from onnx import numpy_helper

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.real_graph import Affine, Map, Quantisation, Requantise
from tileloom.compiler.rule import Rule, constant_operand
from tileloom.hw.spec.quant import SHIFT_MAXIMUM

NAMES = ("RequantShift",)
LARGEST = (1 << 16) - 1
"""Greatest factor that a multiplier of 16 significant bits holds exactly."""


def _levels(node: Node) -> str | None:
    low, high = node.constant(4), node.constant(5)
    if low is None or high is None:
        return None
    count = float(high.values.ravel()[0]) - float(low.values.ravel()[0]) + 1
    return None if count <= 256 else f"{count:.0f}"


def _factor(node: Node) -> str | None:
    constant = node.constant(1)
    if constant is None:
        return None
    factors = np.asarray(constant.values, dtype=np.float64).ravel()
    wrong = factors[(factors != np.rint(factors)) | (factors < 1) | (factors > LARGEST)]
    return f"{wrong[0]:g}" if wrong.size else None


def _divisor(node: Node) -> str | None:
    constant = node.constant(3)
    if constant is None:
        return None
    value = float(constant.values.ravel()[0])
    return None if float(np.log2(value)).is_integer() and 1 <= value <= 2.0**SHIFT_MAXIMUM else f"{value:g}"


def _addend(node: Node) -> str | None:
    factors, addends = node.constant(1), node.constant(2)
    if factors is None or addends is None or _factor(node) is not None:
        return None
    try:
        share = np.asarray(addends.values, dtype=np.float64) / np.asarray(factors.values, dtype=np.float64)
    except ValueError:
        return f"shapes {list(addends.values.shape)} and {list(factors.values.shape)}"
    wrong = share[share != np.rint(share)]
    return f"{wrong.ravel()[0]:g} times mul" if wrong.size else None


RULES = (
    constant_operand(1, "mul"),
    constant_operand(2, "add"),
    Rule("TL311", "a result must have at most 256 levels", "use 8 bits or fewer", _levels),
    Rule("TL311", f"mul must be whole numbers from 1 to {LARGEST}", "choose a smaller div", _factor),
    Rule("TL311", f"div must be a power of two up to 2**{SHIFT_MAXIMUM}", "export with shifts", _divisor),
    Rule("TL311", "add must be a multiple of mul", "put the addend into the bias of the convolution", _addend),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit gain and offset, and the grid of whole numbers behind them."""
    if lowering.alias_on_host(node):
        return
    factors, addends, divisor, low, high = (
        np.asarray(lowering.constant(node, index).values, dtype=np.float64) for index in range(1, 6)
    )
    by = divisor.ravel()[0]
    view, (gain, offset) = lowering.with_numbers(node, 0, factors / by, addends / by)
    output = lowering.add_like(node, view)
    map_ = lowering.maps[output]
    scaled = f"{output}/scaled"
    lowering.maps[scaled] = Map(
        scaled, output, map_.channels, map_.height, map_.width, (map_.channels, map_.height, map_.width)
    )
    lowering.emit(Affine(node.source, view.name, scaled, gain, offset))
    least, greatest = int(low.ravel()[0]), int(high.ravel()[0])
    shifted = 128 if greatest > 127 else 0
    grid = Quantisation(1.0, -shifted, least - shifted, greatest - shifted)
    lowering.emit(Requantise(node.source, scaled, output, grid))


def _whole(*shape: int, limit: int = 50, seed: int = 3) -> np.ndarray:
    return np.asarray(np.random.default_rng(seed).integers(-limit, limit, shape), dtype=np.float32)


def _tensor(value: float) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(value, dtype=np.float32))


EXAMPLES = (
    Example(
        "convolution of whole numbers",
        (
            step("Conv", "x w", "c", pads=[1, 1, 1, 1]),
            step(
                "RequantShift",
                "c m a",
                "y",
                div=_tensor(4096.0),
                n_levels_out=_tensor(256.0),
                signed=_tensor(1.0),
            ),
        ),
        (1, 3, 6, 6),
        {
            "w": _whole(4, 3, 3, 3),
            "m": np.asarray([300, 411, 77, 500], dtype=np.float32).reshape(4, 1, 1),
            "a": np.asarray([300, -822, 0, 5000], dtype=np.float32).reshape(4, 1, 1),
        },
    ),
)
