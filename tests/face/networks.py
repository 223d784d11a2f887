"""Small ONNX networks, good and bad, made with onnx alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SHAPE = (1, 3, 8, 8)
SOURCE = 'File "net.py", line 7, in forward\n    x = self.conv(x)'


def network(
    nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray], shape: tuple[int | str, ...] = SHAPE
) -> onnx.ModelProto:
    """A model from input ``x`` to output ``y``."""
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def node(op: str, inputs: list[str], output: str, **attributes: Any) -> onnx.NodeProto:
    """A named node with the PyTorch line of SOURCE."""
    made = helper.make_node(op, inputs, [output], name=f"node_{output}", **attributes)
    made.metadata_props.add(key="pkg.torch.onnx.stack_trace", value=SOURCE)
    return made


def weights(seed: int = 1) -> np.ndarray:
    """Four kernels of 3x3 on three channels."""
    return np.random.default_rng(seed).normal(0, 0.3, (4, 3, 3, 3)).astype(np.float32)


def good() -> onnx.ModelProto:
    """A convolution and a Relu."""
    nodes = [node("Conv", ["x", "w"], "c", pads=[1, 1, 1, 1]), node("Relu", ["c"], "y")]
    return network(nodes, {"w": weights()})


def cyclic() -> onnx.ModelProto:
    nodes = [node("Add", ["x", "b"], "a"), node("Relu", ["a"], "b"), node("Conv", ["b", "w"], "y")]
    return network(nodes, {"w": weights()})


def not_a_number() -> onnx.ModelProto:
    faulty = weights()
    faulty[1, 2, 0, 0] = np.nan
    return network([node("Conv", ["x", "w"], "y")], {"w": faulty})


def zero_scale() -> onnx.ModelProto:
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], "q"),
        node("DequantizeLinear", ["q", "s", "z"], "d"),
        node("Conv", ["d", "w"], "y"),
    ]
    return network(nodes, {"w": weights(), "s": np.array(0, np.float32), "z": np.array(0, np.int8)})


def unsupported() -> onnx.ModelProto:
    return network([node("Conv", ["x", "w"], "c"), node("Cosh", ["c"], "y")], {"w": weights()})


def dynamic() -> onnx.ModelProto:
    return network([node("Conv", ["x", "w"], "y")], {"w": weights()}, (1, 3, "height", 8))


BAD: dict[str, tuple[str, Callable[[], onnx.ModelProto]]] = {
    "cyclic graph": ("TL106", cyclic),
    "NaN weights": ("TL110", not_a_number),
    "zero scale": ("TL301", zero_scale),
    "unsupported operator": ("TL201", unsupported),
    "dynamic axis": ("TL108", dynamic),
}
"""What is wrong -> the code that says so, and the network."""


def save(folder: Path, model: onnx.ModelProto, name: str = "net.onnx") -> Path:
    """Write a model and return its path."""
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return path
