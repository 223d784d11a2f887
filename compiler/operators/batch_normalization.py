"""BatchNormalization (inference) is folded into the convolution before it, else becomes a 1x1 depthwise Conv2d."""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.real_graph import Affine
from tileloom.compiler.rule import Rule, attribute_is, constant_operand, first_axis_is_one

NAMES = ("BatchNormalization",)


def _sizes(node: Node) -> str | None:
    shape = node.shape(0)
    if shape is None or len(shape) < 2:
        return f"an input of shape {list(shape or ())}"
    for index in range(1, 5):
        if node.shape(index) not in (None, (shape[1],)):
            return f"{list(node.shape(index) or ())} for {shape[1]} channels"
    return None


def _variance(node: Node) -> str | None:
    variance = node.constant(4)
    if variance is None or variance.values.size == 0:
        return None
    least = float(np.min(variance.values)) + node.real("epsilon", 1e-5)
    return None if least > 0 else f"{least:g}"


RULES = (
    first_axis_is_one(),
    *(constant_operand(index, what) for index, what in enumerate(("scale", "bias", "mean", "variance"), 1)),
    attribute_is("training_mode", (0,), 0, "export the network after model.eval()"),
    attribute_is("spatial", (1,), 1, "export with one statistic per channel"),
    Rule("TL211", "there must be one number per channel", "export the network again", _sizes),
    Rule("TL211", "variance plus epsilon must be above 0", "train the network again", _variance),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit a gain and an offset per channel."""
    scale, bias, mean, variance = (
        np.asarray(lowering.constant(node, index).values, dtype=np.float64) for index in range(1, 5)
    )
    gain = scale / np.sqrt(variance + node.real("epsilon", 1e-5))
    offset = bias - mean * gain
    wide = (1, -1, *(1,) * (len(lowering.view(node, 0).shape) - 2))
    view, (gains, offsets) = lowering.with_numbers(node, 0, gain.reshape(wide), offset.reshape(wide))
    lowering.emit(Affine(node.source, view.name, lowering.add_like(node, view), gains, offsets))


def _statistics(count: int) -> dict[str, np.ndarray]:
    return {
        "s": numbers(count, seed=2),
        "b": numbers(count, seed=3),
        "m": numbers(count, seed=4),
        "v": np.abs(numbers(count, seed=5)) + np.float32(0.1),
    }


EXAMPLES = (
    Example(
        "of another axis than that of channels",
        (
            step("Conv", "x w", "c"),
            step("Transpose", "c", "t", perm=[0, 2, 1, 3]),
            step("BatchNormalization", "t s b m v", "y"),
        ),
        (1, 3, 5, 4),
        {"w": numbers(4, 3, 1, 1), **_statistics(5)},
    ),
    Example(
        "after a convolution",
        (step("Conv", "x w", "c"), step("BatchNormalization", "c s b m v", "n"), step("Relu", "n", "y")),
        (1, 3, 6, 6),
        {"w": numbers(5, 3, 3, 3), **_statistics(5)},
    ),
    Example("alone", (step("BatchNormalization", "x s b m v", "y"),), (1, 3, 4, 4), _statistics(3)),
)
