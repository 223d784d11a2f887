"""Transposed convolution in one or two dimensions becomes one convolution per phase of its stride.

Each phase has the taps that meet the same pixels of the stride; an assembly puts the phases' pixels side by side, by
addresses. Any kernel, stride, dilation, groups, padding, output_padding and output_shape; constant weights and bias.
"""

import numpy as np

from tileloom.compiler.graph import Window
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Array, Constant, Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.phases import Phase, lower_phases
from tileloom.compiler.real_graph import Convolution
from tileloom.compiler.rule import Rule, constant_operand, first_axis_is_one, rank_of_input
from tileloom.compiler.weights import weights_of
from tileloom.compiler.window_rules import AUTO_PADS, kernel_of

NAMES = ("ConvTranspose",)


def _groups(node: Node) -> str | None:
    data, weights, groups = node.shape(0), node.shape(1), node.integer("group", 1)
    if data is None or weights is None or len(data) < 2:
        return None
    return f"{groups} groups of {data[1]} input channels" if groups < 1 or data[1] % groups else None


def _channels(node: Node) -> str | None:
    data, weights, bias, groups = node.shape(0), node.shape(1), node.shape(2), node.integer("group", 1)
    if data is None or weights is None or _groups(node) is not None:
        return None
    if len(weights) != len(data) or weights[0] != data[1]:
        return f"weights {list(weights)} for a map {list(data)}"
    return None if bias is None or bias == (weights[1] * groups,) else f"bias {list(bias)}"


def _malformed(node: Node) -> str | None:
    count, kernel, weights = len(node.shape(0) or ()) - 2, kernel_of(node), node.shape(1)
    if weights is not None and kernel != weights[2:]:
        return f"kernel_shape {list(kernel)} for weights {list(weights)}"
    for name, length, low in (("strides", count, 1), ("dilations", count, 1), ("output_padding", count, 0)):
        values = node.integers(name)
        if values is not None and (len(values) != length or min(values) < low):
            return f"{name} {list(values)}"
    pads, shape = node.integers("pads"), node.integers("output_shape")
    if pads is not None and (len(pads) != 2 * count or min(pads) < 0):
        return f"pads {list(pads)}"
    if shape is not None and len(shape) not in (count, count + 2):
        return f"output_shape {list(shape)}"
    auto = node.text("auto_pad", "NOTSET")
    return None if auto in AUTO_PADS else f"auto_pad {auto!r}"


RULES = (
    rank_of_input((3, 4), "use ConvTranspose1d or ConvTranspose2d"),
    first_axis_is_one(),
    constant_operand(1, "the weights"),
    constant_operand(2, "the bias"),
    Rule("TL203", "groups must divide the input channels", "choose groups that divide both channel counts", _groups),
    Rule(
        "TL211", "weights must be (in, out / groups, kernel ...), the bias (out)", "export the network again", _channels
    ),
    Rule(
        "TL211",
        "strides and dilations must be 1 or more, pads and output_padding 0 or more, one (pads two) per axis",
        "correct the attribute",
        _malformed,
    ),
)


def _phases(size: int, kernel: int, stride: int, dilation: int, before: int, output: int) -> list[Phase]:
    """Output row ``o`` takes input row ``i`` with tap ``t`` where ``i * stride + t * dilation == o + before``."""
    phases = []
    for start in range(min(stride, output)):
        remainder = (start + before) % stride
        taps = [tap for tap in range(kernel) if tap * dilation % stride == remainder][::-1]
        count = (output - start + stride - 1) // stride
        first = (start + before - (taps[0] * dilation if taps else start + before)) // stride
        step = (taps[0] - taps[1]) * dilation // stride if len(taps) > 1 else 1
        phases.append(Phase(start, stride, count, first, tuple(taps) or (-1,), 1, step))
    return phases


def _before(node: Node, axis: int, full: int, output: int) -> int:
    """Rows of the full result (of ``full`` rows without padding) that are cut off before the first one."""
    pads, auto = node.integers("pads"), node.text("auto_pad", "NOTSET")
    if node.integers("output_shape") is None and not auto.startswith("SAME"):
        return pads[axis] if pads is not None and auto == "NOTSET" else 0
    total = max(full - output, 0)
    return total // 2 if auto == "SAME_UPPER" else total - total // 2


def _per_output(array: Array, groups: int) -> Array:
    """(in, out / groups, ...) as (out, in / groups, height, width)."""
    inputs, outputs, *kernel = array.shape
    planes = kernel if len(kernel) == 2 else [1, *kernel]
    grouped = array.reshape(groups, inputs // groups, outputs, *planes).swapaxes(1, 2)
    return grouped.reshape(groups * outputs, inputs // groups, *planes)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit the phases."""
    map_ = lowering.as_planes(node, 0)
    groups, given = node.integer("group", 1), lowering.constant(node, 1)
    codes = None if given.codes is None else _per_output(given.codes, groups)
    scales = None if given.scales is None else _per_output(given.scales, groups)
    weights = weights_of(node, Constant(_per_output(given.values, groups), codes, scales))
    outputs = len(weights.values)
    bias = lowering.constant(node, 2).values if node.has_input(2) else np.zeros(outputs)
    kernel = Convolution(
        node.source,
        map_.name,
        node.outputs[0],
        weights.values,
        np.asarray(bias, dtype=np.float64),
        Window((1, 1)),
        groups,
        weights.codes,
        weights.scales,
    )
    axes = [[Phase(0, 1, 1, 0, (0,))]] if map_.height == 1 and len(node.shape(0) or ()) == 3 else []
    sizes, results = (node.shape(0) or ())[2:], (node.output_shape() or ())[2:]
    for axis, (size, taps, output) in enumerate(zip(sizes, kernel_of(node), results, strict=True)):
        stride = (node.integers("strides") or (1,) * len(sizes))[axis]
        dilation = (node.integers("dilations") or (1,) * len(sizes))[axis]
        extra = (node.integers("output_padding") or (0,) * len(sizes))[axis]
        full = stride * (size - 1) + extra + dilation * (taps - 1) + 1
        axes.append(_phases(size, taps, stride, dilation, _before(node, axis, full, output), output))
    lower_phases(node, lowering, kernel, *axes)


EXAMPLES = (
    Example(
        "doubling, as a decoder does",
        (step("ConvTranspose", "x w b", "c", strides=[2, 2], pads=[1, 1, 1, 1]), step("Relu", "c", "y")),
        (1, 3, 4, 5),
        {"w": numbers(3, 4, 4, 4), "b": numbers(4)},
    ),
    Example(
        "kernel as large as the stride, groups",
        (step("ConvTranspose", "x w", "y", strides=[2, 2], group=2),),
        (1, 4, 3, 4),
        {"w": numbers(4, 3, 2, 2)},
    ),
    Example(
        "kernel smaller than the stride, output padding",
        (step("ConvTranspose", "x w b", "y", strides=[3, 2], pads=[0, 1, 0, 0], output_padding=[2, 1]),),
        (1, 2, 3, 4),
        {"w": numbers(2, 3, 2, 3), "b": numbers(3)},
    ),
    Example(
        "dilated",
        (step("ConvTranspose", "x w", "y", strides=[2, 3], dilations=[2, 2], pads=[2, 1, 1, 2]),),
        (1, 2, 4, 5),
        {"w": numbers(2, 3, 3, 3)},
    ),
    Example(
        "no stride, wide pads",
        (step("ConvTranspose", "x w", "y", pads=[2, 2, 1, 2]),),
        (1, 2, 5, 5),
        {"w": numbers(2, 2, 3, 2)},
    ),
    Example(
        "same upper",
        (step("ConvTranspose", "x w", "y", strides=[2, 2], auto_pad="SAME_UPPER"),),
        (1, 2, 3, 3),
        {"w": numbers(2, 2, 3, 3)},
    ),
    Example(
        "same lower",
        (step("ConvTranspose", "x w", "y", strides=[2, 2], auto_pad="SAME_LOWER"),),
        (1, 2, 3, 3),
        {"w": numbers(2, 2, 3, 3)},
    ),
    Example(
        "output shape",
        (step("ConvTranspose", "x w", "y", strides=[3, 2], output_shape=[10, 8]),),
        (1, 1, 3, 3),
        {"w": numbers(1, 2, 4, 3)},
    ),
    Example(
        "one dimension",
        (step("ConvTranspose", "x w b", "y", strides=[2], pads=[1, 0]),),
        (1, 3, 7),
        {"w": numbers(3, 4, 3), "b": numbers(4)},
    ),
)
