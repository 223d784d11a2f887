"""Networks that the utilisation is measured on and that no file holds: their shapes, with random weights.

Cycles do not depend on the values of weights.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Shapes:
    """Grows a chain of layers; ``x`` is the input."""

    def __init__(self, channels: int, size: int, seed: int = 0, *, width: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self._input = (1, channels, size, width or size)
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self.last, self.channels = "x", channels

    def conv(self, channels: int, kernel: int, stride: int = 1, groups: int = 1, pads: Sequence[int] = ()) -> None:
        """A convolution with bias and Relu, padded to keep the size (divided by the stride)."""
        around = pads or [kernel // 2] * 4
        weights = self._weight("w", (channels, self.channels // groups, kernel, kernel))
        options: dict[str, Any] = {
            "kernel_shape": [kernel, kernel],
            "strides": [stride, stride],
            "pads": list(around),
            "group": groups,
        }
        self._node("Conv", [self.last, weights, self._weight("b", (channels,))], **options)
        self._node("Relu", [self.last])
        self.channels = channels

    def separable(self, channels: int, stride: int = 1) -> None:
        """3x3 depthwise, then pointwise."""
        pads = (1, 1, 1, 1) if stride == 1 else (0, 0, 1, 1)
        self.conv(self.channels, 3, stride, self.channels, pads)
        self.conv(channels, 1)

    def max_pool(self) -> None:
        """2x2."""
        self._node("MaxPool", [self.last], kernel_shape=[2, 2], strides=[2, 2])

    def global_average(self) -> None:
        """One pixel."""
        self._node("GlobalAveragePool", [self.last])

    def fully_connected(self, inputs: int, outputs: int) -> None:
        """Flatten and Gemm, without a nonlinearity."""
        self._node("Flatten", [self.last])
        self._node("Gemm", [self.last, self._weight("w", (outputs, inputs)), self._weight("b", (outputs,))], transB=1)

    def branch(self, last: str, channels: int) -> None:
        """Go on behind the value ``last``."""
        self.last, self.channels = last, channels

    def average_pool(self, size: int) -> None:
        """``size`` x ``size``, apart."""
        self._node("AveragePool", [self.last], kernel_shape=[size, size], strides=[size, size])

    def model(self, name: str, outputs: Sequence[str] = ()) -> onnx.ModelProto:
        """The network; its output is the last value where none are named."""
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self._input)],
            [helper.make_tensor_value_info(value, TensorProto.FLOAT, None) for value in outputs or (self.last,)],
            self._weights,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)

    def _node(self, op: str, inputs: list[str], **options: Any) -> None:
        number = len(self._nodes)
        self.last = f"t{number}"
        self._nodes.append(helper.make_node(op, inputs, [self.last], name=f"{op}_{number}", **options))

    def _weight(self, kind: str, shape: tuple[int, ...]) -> str:
        name = f"{kind}{len(self._weights)}"
        scale = (2 / max(1, int(np.prod(shape[1:])))) ** 0.5
        values = self._random.normal(0, scale, shape).astype(np.float32)
        self._weights.append(numpy_helper.from_array(values, name))
        return name


def mobilenet() -> onnx.ModelProto:
    """MobileNetV1 of width 0.25 on 96x96 (MLPerf Tiny's visual wake words)."""
    net = Shapes(3, 96)
    net.conv(8, 3, 2, pads=(0, 0, 1, 1))
    for channels, stride in (
        *((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)),
        *(((128, 1),) * 5),
        *((256, 2), (256, 1)),
    ):
        net.separable(channels, stride)
    net.global_average()
    net.fully_connected(256, 2)
    return net.model("mobilenet")


def vgg_small() -> onnx.ModelProto:
    """16-16-P-32-32-P-64-64-P-FC on 32x32."""
    net = Shapes(3, 32)
    for channels in (16, 32, 64):
        net.conv(channels, 3)
        net.conv(channels, 3)
        net.max_pool()
    net.fully_connected(64 * 4 * 4, 10)
    return net.model("vgg_small")


def filter_bank() -> onnx.ModelProto:
    """16 kernels of 9x9 on one 320x240 plane (Farabet et al., NeuFlow, 2011), no padding."""
    net = Shapes(1, 240, width=320)
    net.conv(16, 9, pads=(0, 0, 0, 0))
    return net.model("filter_bank")


def scene_parser() -> onnx.ModelProto:
    """Three scales of a 320x240 picture through 7x7 convolutions, 3-16-64-256 maps, with pools behind the first two.

    The feature extractor of Farabet, Couprie, Najman and LeCun, "Scene parsing with multiscale feature learning",
    2012, with full connection tables; each scale has weights of its own here, which cycles do not depend on.
    """
    net = Shapes(3, 240, width=320)
    outputs = []
    for scale in (1, 2, 4):
        net.branch("x", 3)
        if scale > 1:
            net.average_pool(scale)
        for channels in (16, 64, 256):
            net.conv(channels, 7)
            if channels < 256:
                net.max_pool()
        outputs.append(net.last)
    return net.model("scene_parser", outputs)
