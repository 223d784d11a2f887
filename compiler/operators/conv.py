"""Convolution becomes Conv2d.

Any kernel, stride, dilation, groups (depthwise included) and padding, also asymmetric and auto_pad; one-dimensional
maps are seen as maps of height 1, and each slice of a three-dimensional one is made by a convolution of its own.
Weights and bias are constants; weight codes of a QDQ model are used as given, but for three dimensions.
"""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.real_graph import Convolution
from tileloom.compiler.rule import Rule, constant_operand, first_axis_is_one, rank_of_input
from tileloom.compiler.volumes import lower_convolution
from tileloom.compiler.weights import weights_of
from tileloom.compiler.window_rules import WINDOW_RULES, axes_of, window_of

NAMES = ("Conv",)


def _groups(node: Node) -> str | None:
    data, weights, groups = node.shape(0), node.shape(1), node.integer("group", 1)
    if data is None or weights is None or len(data) < 2 or len(weights) < 2:
        return None
    if groups < 1 or data[1] % groups or weights[0] % groups:
        return f"{groups} groups of {data[1]} input and {weights[0]} output channels"
    return None


def _channels(node: Node) -> str | None:
    data, weights, groups = node.shape(0), node.shape(1), node.integer("group", 1)
    if data is None or weights is None or _groups(node) is not None:
        return None
    if len(weights) != len(data):
        return f"weights {list(weights)} for a map {list(data)}"
    return None if weights[1] * groups == data[1] else f"weights {list(weights)} for {data[1]} channels"


def _bias(node: Node) -> str | None:
    bias, weights = node.shape(2), node.shape(1)
    return None if bias is None or weights is None or bias == weights[:1] else f"bias {list(bias)}"


def _kernel(node: Node) -> str | None:
    kernel, weights = node.integers("kernel_shape"), node.shape(1)
    if kernel is None or weights is None or kernel == weights[2:]:
        return None
    return f"kernel_shape {list(kernel)} for weights {list(weights)}"


RULES = (
    rank_of_input((3, 4, 5), "use Conv1d, Conv2d or Conv3d"),
    first_axis_is_one(),
    constant_operand(1, "the weights"),
    constant_operand(2, "the bias"),
    Rule(
        "TL203",
        "groups must divide input and output channels",
        "choose groups that divide both channel counts",
        _groups,
    ),
    Rule("TL211", "weights must be (out, in / groups, kernel ...)", "export the network again", _channels),
    Rule("TL211", "the bias must have one number per output channel", "export the network again", _bias),
    Rule("TL211", "kernel_shape must be that of the weights", "export the network again", _kernel),
    *WINDOW_RULES,
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit one convolution, or one for each slice."""
    if len(node.shape(0) or ()) == 5:
        lower_convolution(node, lowering)
        return
    map_ = lowering.as_planes(node, 0)
    weights = weights_of(node, lowering.constant(node, 1))
    count = weights.values.shape[0]
    bias = lowering.constant(node, 2).values if node.has_input(2) else np.zeros(count)
    shape = (
        weights.values.shape if weights.values.ndim == 4 else (*weights.values.shape[:2], 1, *weights.values.shape[2:])
    )
    window = window_of(axes_of(node))
    height, width = window.output_size(map_.height, map_.width)
    output = lowering.add_map(node, count, height, width)
    lowering.emit(
        Convolution(
            node.source,
            map_.name,
            output,
            weights.values.reshape(shape),
            np.asarray(bias, dtype=np.float64),
            window,
            node.integer("group", 1),
            None if weights.codes is None else weights.codes.reshape(shape),
            weights.scales,
        )
    )


EXAMPLES = (
    Example(
        "same upper, no bias",
        (step("Conv", "x w", "y", auto_pad="SAME_UPPER", strides=[2, 1]),),
        (1, 3, 9, 8),
        {"w": numbers(4, 3, 4, 3)},
    ),
    Example(
        "same lower",
        (step("Conv", "x w b", "y", auto_pad="SAME_LOWER", strides=[1, 2]),),
        (1, 2, 7, 9),
        {"w": numbers(3, 2, 2, 2), "b": numbers(3)},
    ),
    Example(
        "depthwise, asymmetric pads",
        (step("Conv", "x w b", "y", group=5, pads=[0, 1, 2, 0], strides=[2, 2]),),
        (1, 5, 8, 7),
        {"w": numbers(10, 1, 3, 3), "b": numbers(10)},
    ),
    Example("groups", (step("Conv", "x w", "y", group=2),), (1, 6, 5, 5), {"w": numbers(4, 3, 1, 3)}),
    Example(
        "one dimension",
        (step("Conv", "x w b", "y", pads=[2, 1], strides=[2]),),
        (1, 3, 17),
        {"w": numbers(4, 3, 5), "b": numbers(4)},
    ),
    Example(
        "three dimensions",
        (step("Conv", "x w b", "c", pads=[1, 1, 0, 1, 1, 0], strides=[2, 1, 1], group=2), step("Relu", "c", "y")),
        (1, 4, 5, 4, 5),
        {"w": numbers(6, 2, 3, 3, 2, scale=0.2), "b": numbers(6)},
    ),
    Example(
        "three dimensions, dilated, of which the middle is read alone",
        (step("Conv", "x w", "y", pads=[2, 0, 0, 2, 0, 0], dilations=[2, 1, 1]),),
        (1, 2, 2, 3, 3),
        {"w": numbers(3, 2, 3, 2, 2)},
    ),
)
