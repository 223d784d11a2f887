"""A trained network as ONNX: float operators between QuantizeLinear and DequantizeLinear, with its own codes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import fx, nn

from tileloom.training.grid import ActivationGrid
from tileloom.training.layers import QuantAdd, QuantAverage, QuantInput, QuantWeighted

OPSETS = {8: 13, 4: 21, 2: 25}
"""The first operator set with the type of an activation's bits."""
TYPES = {8: TensorProto.UINT8, 4: TensorProto.UINT4, 2: TensorProto.UINT2}
IR_VERSION = 10


def export_onnx(network: fx.GraphModule, shape: Sequence[int], path: str | Path) -> None:
    """Write a network that :func:`.prepare.prepare` made; ``shape`` is that of its input, batch 1.

    The compiler takes the scales, zero points and codes as they are: its program gives what ``network.eval()`` gives.
    """
    was_training = network.training
    network.eval()
    try:
        model = _Export(network, tuple(shape)).model()
    finally:
        network.train(was_training)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


class _Export:
    def __init__(self, network: fx.GraphModule, shape: tuple[int, ...]) -> None:
        self.network, self.shape = network, shape
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.values: dict[fx.Node, str] = {}
        self.opset = OPSETS[8]

    def model(self) -> onnx.ModelProto:
        """The whole network; its input is named ``input``, its output ``output``."""
        result = ""
        for node in self.network.graph.nodes:
            if node.op == "placeholder":
                self.values[node] = "input"
            elif node.op == "output":
                result = self.values[node.all_input_nodes[0]]
            else:
                self.values[node] = self._node(node)
        self._emit("Identity", [result], "output")
        graph = helper.make_graph(
            self.nodes,
            "quantised",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, self._output_shape())],
            self.constants,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=IR_VERSION)

    def _output_shape(self) -> list[int]:
        with torch.no_grad():
            return list(self.network(torch.zeros(self.shape)).shape)

    def _node(self, node: fx.Node) -> str:
        inputs = [self.values[each] for each in node.all_input_nodes]
        module = self.network.get_submodule(str(node.target)) if node.op == "call_module" else None
        match module:
            case QuantInput():
                return self._gridded(inputs[0], module.grid, node.name)
            case QuantWeighted():
                return self._weighted(inputs[0], module, node.name)
            case QuantAdd():
                return self._gridded(self._emit("Add", inputs, f"{node.name}_sum"), module.grid, node.name, module.relu)
            case QuantAverage():
                return self._average(inputs[0], module, node.name)
            case nn.MaxPool2d():
                return self._emit("MaxPool", inputs, node.name, **_pool(module))
            case nn.Identity():
                return inputs[0]
        return self._emit("Flatten", inputs, node.name, axis=1)

    def _weighted(self, value: str, module: QuantWeighted, name: str) -> str:
        layer, scales = module.layer, module.scales().numpy()
        codes = self._constant(f"{name}_codes", module.weight_codes().numpy().astype(np.int8))
        kernel = self._emit(
            "DequantizeLinear", [codes, self._constant(f"{name}_scales", scales)], f"{name}_kernel", axis=0
        )
        units = (scales.astype(np.float64) * module.source.scale()).astype(np.float32)
        offsets = self._constant(f"{name}_offsets", module.bias_codes().numpy().astype(np.int32))
        bias = self._emit("DequantizeLinear", [offsets, self._constant(f"{name}_units", units)], f"{name}_bias", axis=0)
        if isinstance(layer, nn.Linear):
            total = self._emit("Gemm", [value, kernel, bias], f"{name}_sum", transB=1)
        else:
            total = self._emit("Conv", [value, kernel, bias], f"{name}_sum", **_window(layer))
        return self._gridded(total, module.grid, name, module.relu)

    def _average(self, value: str, module: QuantAverage, name: str) -> str:
        if module.window is None:
            mean = self._emit("GlobalAveragePool", [value], f"{name}_mean")
        else:
            size = [module.window, module.window]
            mean = self._emit("AveragePool", [value], f"{name}_mean", kernel_shape=size, strides=size)
        return self._gridded(mean, module.grid, name)

    def _gridded(self, value: str, grid: ActivationGrid, name: str, relu: bool = False) -> str:
        """ReLU where there is one, then codes and back."""
        if relu:
            value = self._emit("Relu", [value], f"{name}_relu")
        self.opset = max(self.opset, OPSETS[grid.bits])
        scale = self._constant(f"{name}_scale", np.asarray(grid.scale(), np.float32))
        zero = f"{name}_zero"
        self.constants.append(helper.make_tensor(zero, TYPES[grid.bits], [], [grid.zero_point()]))
        codes = self._emit("QuantizeLinear", [value, scale, zero], f"{name}_quantised")
        return self._emit("DequantizeLinear", [codes, scale, zero], name)

    def _constant(self, name: str, values: Any) -> str:
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def _emit(self, op: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=output, **attributes))
        return output


def _pair(size: int | tuple[int, ...]) -> list[int]:
    return [size, size] if isinstance(size, int) else list(size)


def _pool(module: nn.MaxPool2d) -> dict[str, Any]:
    pads = _pair(module.padding)
    return {
        "kernel_shape": _pair(module.kernel_size),
        "strides": _pair(module.stride),
        "dilations": _pair(module.dilation),
        "pads": [*pads, *pads],
        "ceil_mode": int(module.ceil_mode),
    }


def _window(layer: nn.Conv2d) -> dict[str, Any]:
    assert not isinstance(layer.padding, str), "prepare refuses padding by name"
    pads = _pair(layer.padding)
    return {
        "kernel_shape": list(layer.kernel_size),
        "strides": list(layer.stride),
        "dilations": list(layer.dilation),
        "pads": [*pads, *pads],
        "group": layer.groups,
    }
