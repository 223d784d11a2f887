"""Small networks that show an operator; tests run each of them against ONNX Runtime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]


def step(op: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    """One node; names are separated by blanks, ``-`` leaves an optional input out."""
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(op, names, outputs.split(), name=f"{op}_{outputs.split()[0]}", **attributes)


def numbers(*shape: int, seed: int = 1, scale: float = 0.5) -> Array:
    """Reproducible float32 weights."""
    return np.asarray(np.random.default_rng(seed).normal(0.0, scale, shape), dtype=np.float32)


def integers(*values: int) -> Array:
    """An int64 vector."""
    return np.asarray(values, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Example:
    """A network from input ``x`` to output ``y``.

    Parameters
    ----------
    name : what is special about it
    nodes : in topological order, made by :func:`step`
    input : shape of ``x``, with the batch axis
    constants : initialisers
    opset : of ai.onnx
    output_type : ONNX element type of ``y``
    input_type : ONNX element type of ``x``
    """

    name: str
    nodes: Sequence[onnx.NodeProto]
    input: tuple[int, ...]
    constants: Mapping[str, Array] = field(default_factory=dict)
    opset: int = 17
    output_type: int = TensorProto.FLOAT
    input_type: int = TensorProto.FLOAT

    def model(self) -> onnx.ModelProto:
        """The network as an ONNX model."""
        graph = helper.make_graph(
            list(self.nodes),
            "example",
            [helper.make_tensor_value_info("x", self.input_type, self.input)],
            [helper.make_tensor_value_info("y", self.output_type, None)],
            [numpy_helper.from_array(array, name) for name, array in self.constants.items()],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
