"""The integer reference: the integer graph evaluated operator by operator on whole tensors, with PyTorch.

It is the definition that every engine is compared with; it never sees a program. Of the machine it shares the
:mod:`tileloom.hw.spec.quant` primitives and nothing else.
"""

from collections.abc import Mapping
from typing import assert_never

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import (
    Add,
    Assemble,
    AveragePool2d,
    Conv2d,
    Extremum,
    IntegerGraph,
    MaxPool2d,
    Multiply,
    Operator,
    Tensor,
)
from tileloom.compiler.integer.add import add
from tileloom.compiler.integer.assemble import assemble
from tileloom.compiler.integer.average_pool2d import average_pool2d
from tileloom.compiler.integer.conv2d import conv2d
from tileloom.compiler.integer.extremum import extremum
from tileloom.compiler.integer.max_pool2d import max_pool2d
from tileloom.compiler.integer.multiply import multiply

Codes = npt.NDArray[np.signedinteger]

FRAME_ELEMENTS = 1 << 22
"""Frames are evaluated together as long as the largest tensor has at most this many elements."""


def evaluate(graph: IntegerGraph, inputs: Mapping[str, npt.NDArray[np.signedinteger]]) -> dict[str, Codes]:
    """Codes of every tensor of the graph, inputs included.

    Parameters
    ----------
    inputs : codes of every network input, integers of shape ``(frames, channels, height, width)``

    Returns arrays of the same form, each of its tensor's code type. Codes outside a tensor's range and wrong shapes
    raise ``ValueError``.
    """
    codes = {name: _checked(graph.tensors[name], inputs) for name in graph.inputs}
    counts = {len(array) for array in codes.values()}
    if len(counts) != 1:
        raise ValueError(f"inputs must have as many frames as each other, not {sorted(counts)}")
    frames = counts.pop()
    largest = max(tensor.elements for tensor in graph.tensors.values())
    step = max(1, FRAME_ELEMENTS // largest)
    parts: dict[str, list[Codes]] = {name: [] for name in graph.tensors}
    for start in range(0, max(frames, 1), step):
        found = {name: array[start : start + step] for name, array in codes.items()}
        for operator in graph.operators:
            made = graph.tensors[operator.output].code_type
            found[operator.output] = apply(operator, graph.tensors, found).astype(made, copy=False)
        for name, array in found.items():
            parts[name].append(array)
    return {name: arrays[0] if len(arrays) == 1 else np.concatenate(arrays) for name, arrays in parts.items()}


def apply(operator: Operator, tensors: Mapping[str, Tensor], codes: Mapping[str, Codes]) -> Codes:
    """Output codes of one operator, int16 or of their tensor's type."""
    match operator:
        case Conv2d():
            return conv2d(operator, codes[operator.input], tensors[operator.input], tensors[operator.output])
        case MaxPool2d():
            return max_pool2d(operator, codes[operator.input], tensors[operator.input])
        case AveragePool2d():
            return average_pool2d(operator, codes[operator.input], tensors[operator.input])
        case Add():
            return add(operator, codes[operator.a], codes[operator.b])
        case Multiply():
            return multiply(operator, codes[operator.a], codes[operator.b])
        case Extremum():
            return extremum(operator, codes[operator.a], codes[operator.b])
        case Assemble():
            return assemble(operator, codes, tensors[operator.output])
        case _:
            assert_never(operator)


def _checked(tensor: Tensor, inputs: Mapping[str, npt.NDArray[np.signedinteger]]) -> Codes:
    if tensor.name not in inputs:
        raise ValueError(f"inputs must have {tensor.name!r}, not only {sorted(inputs)}")
    array = np.asarray(inputs[tensor.name])
    wanted = (tensor.channels, tensor.height, tensor.width)
    if array.ndim != 4 or array.shape[1:] != wanted or array.dtype.kind != "i":
        raise ValueError(
            f"{tensor.name} must be signed integers of (frames, *{wanted}), not {array.dtype} {array.shape}"
        )
    if array.size and (array.min() < tensor.low or array.max() > tensor.high):
        raise ValueError(
            f"codes of {tensor.name} must be {tensor.low} .. {tensor.high}, not {array.min()} .. {array.max()}"
        )
    return np.ascontiguousarray(array, dtype=tensor.code_type)
