"""Verify: the integer graph keeps every promise of :mod:`tileloom.compiler.graph`; a failure is the compiler's bug."""

import numpy as np

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
    inputs_of,
)
from tileloom.compiler.integer.assemble import source_elements, target_elements
from tileloom.hw.spec.quant import (
    ACCUMULATOR_BITS,
    MULTIPLIER_BITS,
    SHIFT_MAXIMUM,
    WIDE_ACCUMULATOR_BITS,
    signed_range,
)


def verify_graph(graph: IntegerGraph) -> IntegerGraph:
    """The graph itself; ``AssertionError`` names the first broken promise."""
    known = set(graph.inputs)
    for operator in graph.operators:
        _require(all(name in known for name in inputs_of(operator)), operator, "inputs must be computed before")
        _require(operator.output not in known, operator, "outputs must be new")
        known.add(operator.output)
        _verify(graph, operator)
    for name, tensor in graph.tensors.items():
        if not (name == tensor.name and name in known and tensor.scale > 0 and _in_range(tensor)):
            raise AssertionError(f"tensor {name} must be computed, with a positive scale and codes of 16 bits")
        if int(np.prod(tensor.shape)) != tensor.elements:
            raise AssertionError(f"tensor {name} must have as many elements as its shape {tensor.shape}")
    if not (set(graph.outputs) <= known and set(graph.tensors) == known):
        raise AssertionError("tensors must be those that inputs and operators define")
    return graph


def _in_range(tensor: Tensor) -> bool:
    """Codes have 16 bits at most, and the zero point as many as they."""
    low, high = signed_range(8 * tensor.code_type.itemsize)
    return low <= tensor.low <= tensor.high <= high and low <= tensor.zero_point <= high


def _require(holds: bool, operator: Operator, rule: str) -> None:
    if not holds:
        raise AssertionError(f"{operator.source.node}: {rule}")


def _verify(graph: IntegerGraph, operator: Operator) -> None:
    read, written = graph.tensors[inputs_of(operator)[0]], graph.tensors[operator.output]
    if isinstance(operator, Assemble):
        _verify_assemble(operator, graph)
        return
    _require(
        written.low <= operator.low <= operator.high <= written.high or isinstance(operator, Conv2d), operator, "limits"
    )
    match operator:
        case Conv2d():
            _verify_conv(operator, read, written)
        case MaxPool2d():
            same = (read.scale, read.zero_point) == (written.scale, written.zero_point)
            _require(same, operator, "a max pool must not change scale or zero point")
            _require(_size(operator.window.output_size(read.height, read.width), written), operator, "output size")
        case AveragePool2d():
            _require(_size(operator.window.output_size(read.height, read.width), written), operator, "output size")
            _verify_factor(operator, operator.multiplier, operator.shift)
        case Add():
            _verify_pair(operator, read, graph.tensors[operator.b], written)
            _verify_factor(operator, max(operator.a_multiplier, operator.b_multiplier), operator.shift)
            _verify_factor(operator, min(operator.a_multiplier, operator.b_multiplier), operator.shift)
        case Multiply():
            other = graph.tensors[operator.b]
            _verify_pair(operator, read, other, written)
            _require(
                operator.a_offset == -read.zero_point and operator.b_offset == -other.zero_point, operator, "offsets"
            )
            _verify_factor(operator, operator.multiplier, operator.shift)
        case Extremum():
            other = graph.tensors[operator.b]
            _verify_pair(operator, read, other, written)
            _require(_grid(read) == _grid(other) == _grid(written), operator, "one scale and zero point")


def _grid(tensor: Tensor) -> tuple[float, int]:
    return tensor.scale, tensor.zero_point


def _verify_pair(operator: Operator, a: Tensor, b: Tensor, written: Tensor) -> None:
    """``b`` is as large as ``a``, or one number per channel; the output is as large as ``a``."""
    planes = (a.channels, a.height, a.width)
    _require((b.channels, b.height, b.width) in (planes, (a.channels, 1, 1)), operator, "sizes")
    _require((written.channels, written.height, written.width) == planes, operator, "output size")


def _verify_assemble(operator: Assemble, graph: IntegerGraph) -> None:
    written = graph.tensors[operator.output]
    _require(bool(operator.pieces) and written.low <= operator.fill <= written.high, operator, "pieces and fill")
    taken = np.zeros(written.elements, bool)
    for piece in operator.pieces:
        read = graph.tensors[piece.input]
        _require(_grid(read) == _grid(written), operator, "one scale and zero point")
        _require(min(piece.counts) >= 1, operator, "counts")
        reads, writes = source_elements(piece), target_elements(piece)
        _require(bool(reads.min() >= 0 and reads.max() < read.elements), operator, "elements of the source")
        _require(bool(writes.min() >= 0 and writes.max() < written.elements), operator, "elements of the output")
        _require(not taken[writes].any() and len(np.unique(writes)) == len(writes), operator, "each element once")
        taken[writes] = True


def _size(size: tuple[int, int], tensor: Tensor) -> bool:
    return size == (tensor.height, tensor.width)


def _verify_factor(operator: Operator, multiplier: int, shift: int) -> None:
    low, high = signed_range(MULTIPLIER_BITS)
    _require(low <= multiplier <= high and 0 <= shift <= SHIFT_MAXIMUM, operator, "multiplier and shift ranges")


def _verify_conv(operator: Conv2d, read: Tensor, written: Tensor) -> None:
    out, per_group, *kernel = operator.weights.shape
    _require(tuple(kernel) == operator.window.kernel and out == written.channels, operator, "weights' shape")
    _require(per_group * operator.groups == read.channels and out % operator.groups == 0, operator, "groups")
    _require(_size(operator.window.output_size(read.height, read.width), written), operator, "output size")
    kinds = (np.dtype(np.int8), np.dtype(np.int16))
    _require(operator.weights.dtype in kinds and operator.bias.dtype == np.int64, operator, "types")
    _require(
        operator.bias.shape == operator.multiplier.shape == operator.shift.shape == (out,), operator, "per channel"
    )
    narrow = operator.weights.itemsize == 1 and read.code_type.itemsize == 1
    low, high = signed_range(ACCUMULATOR_BITS if narrow else WIDE_ACCUMULATOR_BITS)
    _require(bool(np.all((operator.bias >= low) & (operator.bias <= high))), operator, "bias within a sum")
    for multiplier, shift in zip(operator.multiplier.tolist(), operator.shift.tolist(), strict=True):
        _verify_factor(operator, multiplier, shift)
    low, high = (written.low, written.high) if operator.table is None else signed_range(16)
    _require(low <= operator.low <= operator.high <= high, operator, "limits")
