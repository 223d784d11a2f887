"""The integer graph: what is left of a network when every number is an integer and every choice of meaning is made.

It is the boundary between the front of the compiler (ONNX, quantisation) and its back (mapping, scheduling). A
tensor is ``channels x height x width`` (a vector is ``n x 1 x 1``), always of signed codes of 8 or 16 bits; an operator
is one of the frozen dataclasses below, in topological order. The arithmetic is that of :mod:`tileloom.hw.spec.quant`,
and :mod:`tileloom.compiler.reference` evaluates the graph operator by operator with PyTorch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tileloom.hw.spec.program import code_type
from tileloom.hw.spec.quant import PiecewiseLinear, Rounding

Codes = npt.NDArray[np.signedinteger[Any]]
"""Activations or weights, int8 or int16."""
Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Source:
    """Where an operator came from: the ONNX node's name and, where the exporter wrote it, the PyTorch file and line."""

    node: str
    op: str
    line: str = ""


@dataclass(frozen=True)
class Tensor:
    """A quantised feature map: ``real = (code - zero_point) * scale``; codes lie in ``[low, high]``.

    ``shape`` is the user's shape without the batch axis; the map is the same elements in the same order seen as
    ``channels x height x width``. ``channels_last`` is set where the user's order is H x W x C instead.
    """

    name: str
    channels: int
    height: int
    width: int
    scale: float
    zero_point: int
    low: int = -128
    high: int = 127
    shape: tuple[int, ...] = ()
    channels_last: bool = False

    @property
    def elements(self) -> int:
        """Number of elements of one frame."""
        return self.channels * self.height * self.width

    @property
    def code_type(self) -> np.dtype[np.signedinteger[Any]]:
        """int8 where that holds ``[low, high]``, else int16."""
        return code_type(1 if self.low >= -128 and self.high <= 127 else 2)


@dataclass(frozen=True)
class Window:
    """Geometry of a sliding window, ``(y, x)`` pairs; ``pads`` is top, left, bottom, right."""

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the output: every window lies inside the padded input.

        >>> Window((3, 3), (2, 2), (1, 1), (1, 1, 1, 1)).output_size(8, 7)
        (4, 4)
        """
        top, left, bottom, right = self.pads
        span_y = self.dilation[0] * (self.kernel[0] - 1) + 1
        span_x = self.dilation[1] * (self.kernel[1] - 1) + 1
        return (
            (height + top + bottom - span_y) // self.stride[0] + 1,
            (width + left + right - span_x) // self.stride[1] + 1,
        )


@dataclass(frozen=True, eq=False)
class Conv2d:
    """Convolution, fully connected layer, or (with ones) any per-channel rescaling, then requantise and nonlinearity.

    ``sum[o] = bias[o] + sum((x - input.zero_point) * weights[o])`` over the window, padding counting as zero;
    ``v = requantise(sum, multiplier[o], shift[o], zero_point, low, high, rounding=rounding)``; with a ``table``,
    ``v = table.evaluate(v, output.low, output.high)``. Without one, ``low``/``high`` lie within the output's range;
    with one they lie within 16 bits signed.
    """

    source: Source
    input: str
    output: str
    weights: Codes
    """Shape ``(out, in / groups, kernel_y, kernel_x)``, int8 or int16."""
    bias: Int64s
    """Shape ``(out,)``, 32 bits signed, 48 with int16 weights; without the input's zero point folded in."""
    window: Window
    groups: int
    multiplier: Int64s
    """Shape ``(out,)``."""
    shift: Int64s
    """Shape ``(out,)``."""
    zero_point: int
    low: int
    high: int
    table: PiecewiseLinear | None = None
    table_scale: float = 0.0
    """With a table: the real value of one step of its input. No number depends on it; error bounds are made from it."""
    rounding: Rounding = Rounding.HALF_EVEN


@dataclass(frozen=True)
class MaxPool2d:
    """Maximum over the window; padding never wins. Codes pass unchanged: input and output share scale and zero point.

    ``low``/``high`` clamp the result (a following Relu), and lie within the output's range.
    """

    source: Source
    input: str
    output: str
    window: Window
    low: int = -128
    high: int = 127


@dataclass(frozen=True)
class AveragePool2d:
    """``requantise(sum(x - input.zero_point), multiplier, shift, zero_point, low, high)`` over the window.

    The multiplier holds the reciprocal of the window's size, so padding counts (``count_include_pad``); a pool that
    leaves padding out is lowered by the front end into one that has none, or refused.
    """

    source: Source
    input: str
    output: str
    window: Window
    multiplier: int
    shift: int
    zero_point: int
    low: int
    high: int


@dataclass(frozen=True)
class Add:
    """``scaled_add(a, b, a_multiplier, b_multiplier, addend, shift, zero_point, low, high)``, element by element.

    ``addend = -(zero_point_a * a_multiplier + zero_point_b * b_multiplier)``; multipliers 18 bits signed. ``b`` has the
    size of ``a``, or is ``channels x 1 x 1`` and spread over the pixels.
    """

    source: Source
    a: str
    b: str
    output: str
    a_multiplier: int
    b_multiplier: int
    addend: int
    shift: int
    zero_point: int
    low: int
    high: int


@dataclass(frozen=True)
class Multiply:
    """``scaled_multiply(a, b, a_offset, b_offset, multiplier, shift, zero_point, low, high)``, element by element.

    ``a_offset = -zero_point_a``, ``b_offset = -zero_point_b``; sizes as those of :class:`Add`.
    """

    source: Source
    a: str
    b: str
    output: str
    a_offset: int
    b_offset: int
    multiplier: int
    shift: int
    zero_point: int
    low: int
    high: int


@dataclass(frozen=True)
class Extremum:
    """The greater (``maximum``) or lesser code of two tensors, element by element, clamped to ``[low, high]``.

    Inputs and output share scale and zero point; sizes as those of :class:`Add`.
    """

    source: Source
    a: str
    b: str
    output: str
    maximum: bool
    low: int
    high: int


@dataclass(frozen=True)
class Piece:
    """Elements of one tensor copied into another: three loops, outermost first, over element numbers.

    An element's number is ``(channel * height + row) * width + column``. Loop indices ``i < counts`` read element
    ``source_start + sum(i * source_strides)`` and write element ``target_start + sum(i * target_strides)``. Strides of
    the source may be 0 (repeat) or negative; target elements are distinct.
    """

    input: str
    counts: tuple[int, int, int]
    source_start: int
    source_strides: tuple[int, int, int]
    target_start: int
    target_strides: tuple[int, int, int]


@dataclass(frozen=True)
class Assemble:
    """A tensor put together from pieces of others (concatenate, slice, transpose, repeat, pad); codes pass unchanged.

    Inputs and output share scale and zero point. No two pieces write one element; what none writes is ``fill``.
    """

    source: Source
    output: str
    pieces: tuple[Piece, ...]
    fill: int


Operator = Conv2d | MaxPool2d | AveragePool2d | Add | Multiply | Extremum | Assemble


def inputs_of(operator: Operator) -> tuple[str, ...]:
    """Names of the tensors that an operator reads, each once per role."""
    if isinstance(operator, Assemble):
        return tuple(dict.fromkeys(piece.input for piece in operator.pieces))
    return (operator.a, operator.b) if isinstance(operator, Add | Multiply | Extremum) else (operator.input,)


@dataclass(frozen=True)
class HostNode:
    """An ONNX node behind the network's outputs, which the host computes."""

    node: str
    op: str
    elements: int
    """Of its output."""
    macs: int = 0


@dataclass(frozen=True)
class IntegerGraph:
    """Tensors by name, operators in topological order, and the network's inputs and outputs."""

    name: str
    tensors: dict[str, Tensor]
    operators: tuple[Operator, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())
    """Decisions that a user may want to read (what was folded, merged or approximated)."""
    error_bounds: Mapping[str, float] = field(default_factory=dict)
    """Of each tensor, the greatest deviation from the float network (:mod:`tileloom.compiler.error_bound`)."""
    host: tuple[HostNode, ...] = ()
    """What is left to the host, behind the outputs."""

    @property
    def grid_macs_share(self) -> float:
        """Part of all multiply-accumulates that the accelerator does."""
        made = sum(self.macs(operator) for operator in self.operators)
        total = made + sum(node.macs for node in self.host)
        return made / total if total else 1.0

    @property
    def grid_share(self) -> float:
        """Part of all computed elements, of the operators' outputs and the host's, that the accelerator computes."""
        made = sum(self.tensors[operator.output].elements for operator in self.operators)
        total = made + sum(node.elements for node in self.host)
        return made / total if total else 1.0

    def consumers(self, tensor: str) -> list[Operator]:
        """Operators that read ``tensor``."""
        return [operator for operator in self.operators if tensor in inputs_of(operator)]

    def macs(self, operator: Operator) -> int:
        """Multiply-accumulates of one frame: those of convolutions; pools and adds count none."""
        if not isinstance(operator, Conv2d):
            return 0
        out = self.tensors[operator.output]
        return out.height * out.width * int(operator.weights.size)
