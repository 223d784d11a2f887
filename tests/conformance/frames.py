"""From an ONNX case to a network with one input and batch 1: the other inputs bound, the first one cut into frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

Array = npt.NDArray[Any]
OWN_INPUT = "frame"
PER_IMAGE = ("LRN",)
"""Operators whose definition treats images one by one, but which ONNX's evaluator gets wrong for a single one."""
IR_VERSION = 4
"""The first whose initialisers need not be inputs as well."""


class NotANetwork(Exception):
    """The case has no tensor as its first input, or its outputs are none."""


@dataclass(frozen=True, eq=False)
class FramedModel:
    """``model`` has one input of batch 1, which gets ``frames`` one by one.

    With ``stacked`` each frame gives one first index of the outputs, else there is one frame with outputs of its own.
    """

    model: onnx.ModelProto
    input: str
    frames: Array
    stacked: bool


def bound(model: onnx.ModelProto, inputs: Sequence[Any]) -> tuple[onnx.ModelProto, str, Array]:
    """The model with every input but the first as a constant; the first's name and value."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    initialised = {tensor.name for tensor in copy.graph.initializer}
    names = [value.name for value in copy.graph.input if value.name not in initialised]
    if not names or not inputs or not all(isinstance(array, np.ndarray | np.generic) for array in inputs):
        raise NotANetwork("no tensors")
    for name, array in list(zip(names, inputs, strict=False))[1:]:
        copy.graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    first = next(value for value in copy.graph.input if value.name == names[0])
    kept = onnx.ValueInfoProto()
    kept.CopyFrom(first)
    del copy.graph.input[:]
    copy.graph.input.append(kept)
    copy.ir_version = max(copy.ir_version, IR_VERSION)
    return copy, names[0], np.asarray(inputs[0])


def framed(model: onnx.ModelProto, name: str, array: Array) -> FramedModel:
    """The first axis as the batch where it is one, else the whole array as one frame without a batch axis.

    It is one where ONNX's evaluator gives for each index alone what it gives for all together.
    """
    if array.ndim >= 2 and array.shape[0] == 1:
        return FramedModel(_sized(model, name, array.shape), name, array, stacked=True)
    if array.ndim >= 2 and array.size and _is_batch(model, name, array):
        return FramedModel(_sized(model, name, (1, *array.shape[1:])), name, array, stacked=True)
    wrapped = _sized(model, name, (1, *array.shape))
    wrapped.graph.input[0].name = OWN_INPUT
    shape = numpy_helper.from_array(np.asarray(array.shape, dtype=np.int64), f"{OWN_INPUT}_shape")
    wrapped.graph.initializer.append(shape)
    nodes = [helper.make_node("Reshape", [OWN_INPUT, shape.name], [name], name="no_batch"), *wrapped.graph.node]
    del wrapped.graph.node[:]
    wrapped.graph.node.extend(nodes)
    return FramedModel(wrapped, OWN_INPUT, array[np.newaxis], stacked=False)


def _sized(model: onnx.ModelProto, name: str, shape: tuple[int, ...]) -> onnx.ModelProto:
    """The model for inputs of another shape; whatever it said about other shapes is left out."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    kind = copy.graph.input[0].type.tensor_type.elem_type
    copy.graph.input[0].CopyFrom(helper.make_tensor_value_info(name, kind, shape))
    del copy.graph.value_info[:]
    for value in copy.graph.output:
        for dim in value.type.tensor_type.shape.dim:
            dim.Clear()
    return copy


def _is_batch(model: onnx.ModelProto, name: str, array: Array) -> bool:
    if all(node.op_type in PER_IMAGE for node in model.graph.node):
        return True
    try:
        together = list(ReferenceEvaluator(model).run(None, {name: array}))
        single = ReferenceEvaluator(_sized(model, name, (1, *array.shape[1:])))
        parts = [list(single.run(None, {name: array[index : index + 1]})) for index in range(len(array))]
        for whole, *pieces in zip(together, *parts, strict=True):
            joined = np.concatenate(pieces)
            if joined.shape != whole.shape or not np.allclose(joined, whole, rtol=1e-5, atol=1e-6, equal_nan=True):
                return False
    except Exception:  # whatever the evaluator raises, the first axis is not a batch for it
        return False
    return True
