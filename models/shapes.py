"""A network from its shapes, layer by layer, with random weights: cycles do not depend on the values of weights."""

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

    def conv(
        self,
        channels: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        groups: int = 1,
        pads: Sequence[int] = (),
        *,
        relu: bool = True,
    ) -> None:
        """A convolution with bias and Relu, padded to keep the size (divided by the stride)."""
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        around = pads or [height // 2, width // 2] * 2
        weights = self._weight("w", (channels, self.channels // groups, height, width))
        options: dict[str, Any] = {
            "kernel_shape": [height, width],
            "strides": [stride, stride],
            "pads": list(around),
            "group": groups,
        }
        self._node("Conv", [self.last, weights, self._weight("b", (channels,))], **options)
        if relu:
            self._node("Relu", [self.last])
        self.channels = channels

    def add(self, other: str) -> None:
        """The sum with the value ``other``, and Relu."""
        self._node("Add", [self.last, other])
        self._node("Relu", [self.last])

    def softmax(self) -> None:
        """Over the scores."""
        self._node("Softmax", [self.last], axis=1)

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
