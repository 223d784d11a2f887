"""A random ONNX network while it grows: values with their sizes, weights, nodes, and which features were drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]
ELEMENTS = 4096
"""No value gets larger."""


@dataclass(frozen=True)
class Value:
    """A value of the network; its shape has a batch axis of 1."""

    name: str
    shape: tuple[int, ...]

    @property
    def channels(self) -> int:
        """Size of the second axis."""
        return self.shape[1]

    @property
    def space(self) -> tuple[int, ...]:
        """Sizes of the axes behind the channels."""
        return self.shape[2:]


@dataclass(eq=False)
class Growing:
    """Draws evenly from ``random``; no drawn integer is above ``limit``, except where its range is."""

    limit: int
    random: np.random.Generator
    opset: int
    values: list[Value] = field(default_factory=list)
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: dict[str, Array] = field(default_factory=dict)
    features: set[tuple[str, str]] = field(default_factory=set)
    inputs: list[Value] = field(default_factory=list)

    def integer(self, low: int, high: int) -> int:
        """An integer of a range, both ends included."""
        high = max(low, high)
        drawn = int(self.random.integers(low, high + 1))
        return min(drawn, max(low, self.limit))

    def chance(self) -> bool:
        """One way or the other."""
        return bool(self.random.random() < 0.5)

    def choice(self, items: Sequence[Any]) -> Any:
        """One of the items."""
        return items[int(self.random.integers(len(items)))]

    def add_input(self, shape: tuple[int, ...]) -> Value:
        """A network input."""
        value = Value(f"x{len(self.inputs)}", shape)
        self.inputs.append(value)
        self.values.append(value)
        return value

    def numbers(self, *shape: int, scale: float = 0.5) -> Array:
        """Random float32 numbers."""
        return self.random.normal(0.0, scale, shape).astype(np.float32)

    def constant(self, array: Array) -> str:
        """A new initialiser."""
        name = f"w{len(self.weights)}"
        self.weights[name] = np.asarray(array)
        return name

    def node(self, op: str, inputs: Sequence[str], shape: tuple[int, ...], **attributes: Any) -> Value:
        """A node with one output of a known shape."""
        value = Value(f"v{len(self.values)}", shape)
        self.nodes.append(helper.make_node(op, inputs, [value.name], name=f"{op}_{value.name}", **attributes))
        self.values.append(value)
        return value

    def hidden(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        """A node whose output no later node is drawn to read; the output's name."""
        name = f"h{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=f"{op}_{name}", **attributes))
        return name

    def node_of_many(self, op: str, inputs: Sequence[str], shapes: Sequence[tuple[int, ...]], **more: Any) -> Value:
        """A node with several outputs; the last one."""
        made = [Value(f"v{len(self.values) + index}", shape) for index, shape in enumerate(shapes)]
        names = [value.name for value in made]
        self.nodes.append(helper.make_node(op, inputs, names, name=f"{op}_{names[0]}", **more))
        self.values += made
        return made[-1]

    def saw(self, op: str, *features: str) -> None:
        """Count features of an operator."""
        self.features.update((op, feature) for feature in ("any", *features) if feature)

    def model(self) -> onnx.ModelProto:
        """The network; every value that nobody reads is an output."""
        read = {name for node in self.nodes for name in node.input}
        ends = [value for value in self.values if value.name not in read and value not in self.inputs]
        used = [value for value in self.inputs if value.name in read]
        graph = helper.make_graph(
            self.nodes,
            "random",
            [helper.make_tensor_value_info(value.name, TensorProto.FLOAT, value.shape) for value in used],
            [helper.make_tensor_value_info(value.name, TensorProto.FLOAT, value.shape) for value in ends],
            [numpy_helper.from_array(array, name) for name, array in self.weights.items()],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=10)
