"""Convolution and pooling in three dimensions, as steps in two.

A slice of a convolution's output in depth is a convolution in two dimensions of the input's slices that it reaches, its
channels and their depths together as channels. A pool is one over rows and columns, then one over depths.
"""

from typing import Any

import numpy as np
import onnx
from onnx import helper

from tileloom.compiler.expansion import expand
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Array, Node
from tileloom.compiler.window_rules import Axis, axes_of


def _shape(*sizes: int) -> Array:
    return np.asarray(sizes, dtype=np.int64)


def lower_convolution(node: Node, lowering: Lowering) -> None:
    """Emit a convolution for each slice of the output, side by side."""
    depth, *picture = axes_of(node)
    _, channels, _, height, width = node.shape(0) or ()
    _, outputs, slices, rows, columns = node.output_shape() or ()
    weights = np.asarray(lowering.constant(node, 1).values, dtype=np.float32)
    constants: dict[str, Array] = {".one": _shape(1, outputs, 1, rows, columns)}
    steps: list[onnx.NodeProto] = []
    for index in range(slices):
        reached = [index * depth.stride - depth.before + tap * depth.dilation for tap in range(depth.kernel)]
        taps = [tap for tap, place in enumerate(reached) if 0 <= place < depth.size]
        part = weights[:, :, taps] if taps else np.zeros_like(weights[:, :, :1])
        constants[f".w{index}"] = part.reshape(outputs, -1, *weights.shape[3:])
        constants[f".d{index}"] = _shape(*(reached[tap] for tap in taps)) if taps else _shape(0)
        constants[f".s{index}"] = _shape(1, channels * part.shape[2], height, width)
        bias = [node.inputs[2]] if node.has_input(2) else []
        steps += [
            helper.make_node("Gather", [node.inputs[0], f".d{index}"], [f".g{index}"], axis=2),
            helper.make_node("Reshape", [f".g{index}", f".s{index}"], [f".r{index}"]),
            helper.make_node(
                "Conv",
                [f".r{index}", f".w{index}", *bias],
                [f".c{index}"],
                group=node.integer("group", 1),
                **_attributes(picture),
            ),
            helper.make_node("Reshape", [f".c{index}", ".one"], [f".o{index}"]),
        ]
    steps.append(helper.make_node("Concat", [f".o{index}" for index in range(slices)], [node.outputs[0]], axis=2))
    expand(node, lowering, steps, constants)


def lower_pool(node: Node, lowering: Lowering) -> None:
    """Emit a pool over rows and columns, and one over depths."""
    depth, *picture = axes_of(node)
    _, channels, size, height, width = node.shape(0) or ()
    _, _, slices, rows, columns = node.output_shape() or ()
    still = Axis(rows * columns, 1, 1, 1, 0, 0)
    constants = {
        ".flat": _shape(1, channels * size, height, width),
        ".deep": _shape(1, channels, size, rows * columns),
        ".whole": _shape(1, channels, slices, rows, columns),
    }
    kept: dict[str, Any] = {
        name: node.integer(name, 0) for name in ("ceil_mode", "count_include_pad") if node.has_attribute(name)
    }
    if node.text("auto_pad", "NOTSET") != "NOTSET":
        kept.pop("ceil_mode", None)
    dilated = node.has_attribute("dilations")
    steps = [
        helper.make_node("Reshape", [node.inputs[0], ".flat"], [".a"]),
        helper.make_node(node.op, [".a"], [".b"], **_attributes(picture, dilated), **kept),
        helper.make_node("Reshape", [".b", ".deep"], [".c"]),
        helper.make_node(node.op, [".c"], [".d"], **_attributes([depth, still], dilated), **kept),
        helper.make_node("Reshape", [".d", ".whole"], [node.outputs[0]]),
    ]
    expand(node, lowering, steps, constants)


def _attributes(axes: list[Axis], dilated: bool = True) -> dict[str, Any]:
    """The attributes of a window, padding as numbers."""
    attributes: dict[str, Any] = {
        "kernel_shape": [axis.kernel for axis in axes],
        "strides": [axis.stride for axis in axes],
        "pads": [axis.before for axis in axes] + [axis.after for axis in axes],
    }
    return {**attributes, "dilations": [axis.dilation for axis in axes]} if dilated else attributes
