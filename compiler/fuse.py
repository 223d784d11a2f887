"""Fusion: from the integer graph to layers, each of which is one job (or a few equal ones) of the machine.

A layer is a convolution, or a pool or addition seen as one, followed by what the tile's back end does on the way out:
the nonlinearity, the element-wise add, the pool over non-overlapping windows. A tensor that more than one operator
reads, or that is an output of the network, always stays a tensor of its own.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from tileloom.compiler.graph import (
    Add,
    Assemble,
    AveragePool2d,
    Codes,
    Conv2d,
    Extremum,
    Int64s,
    IntegerGraph,
    MaxPool2d,
    Multiply,
    Operator,
    Tensor,
    Window,
    inputs_of,
)
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.quant import PiecewiseLinear, Rounding, signed_range

Pair = Add | Multiply | Extremum
"""Operators of two tensors, element by element: the add stage's."""


class Kind(IntEnum):
    """What the MAC array does in a layer; the values are those of :class:`isa.Mode`."""

    DENSE = isa.Mode.DENSE
    CHANNELWISE = isa.Mode.CHANNELWISE
    MAXIMUM = isa.Mode.MAXIMUM


@dataclass(frozen=True)
class AddStage:
    """The add stage behind a layer: the value is combined with the tensor ``residual``.

    The multipliers and the addend are those of :class:`isa.Combine`; a ``spread`` residual is one number per channel.
    """

    residual: str
    value_multiplier: int
    residual_multiplier: int
    addend: int
    shift: int
    zero_point: int
    low: int
    high: int
    combine: isa.Combine = isa.Combine.ADD
    spread: bool = False


@dataclass(frozen=True)
class PoolStage:
    """The pool behind a layer over windows of ``kernel`` (y, x) that do not overlap."""

    mode: isa.Pool
    kernel: tuple[int, int]
    low: int
    high: int
    multiplier: int = 0
    addend: int = 0
    shift: int = 0
    zero_point: int = 0


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer: ``sum[o] = bias[o] + sum(x * weights[o])`` on raw codes, then requantise, table, add, pool.

    ``bias`` holds the input's zero point (``bias - zero_point * sum(weights)``); padding has the code ``pad_value``.
    ``weights`` are ``(out, in / groups, kernel_y, kernel_x)``; CHANNELWISE and MAXIMUM have as many groups as channels.
    """

    kind: Kind
    input: str
    output: str
    weights: Codes
    bias: Int64s
    window: Window
    groups: int
    pad_value: int
    multiplier: Int64s
    shift: Int64s
    zero_point: int
    low: int
    high: int
    uniform: bool
    """All channels have the same weights and constants."""
    operators: tuple[Operator, ...]
    table: PiecewiseLinear | None = None
    table_low: int = -128
    table_high: int = 127
    rounding: Rounding = Rounding.HALF_EVEN
    add: AddStage | None = None
    pool: PoolStage | None = None

    @property
    def assemble(self) -> Assemble | None:
        """The operator of a layer that only copies; its other fields hand ``columns`` elements on unchanged."""
        operator = self.operators[0]
        return operator if isinstance(operator, Assemble) else None

    @property
    def pool_kernel(self) -> tuple[int, int]:
        """Rows and columns that the pool behind the layer joins; (1, 1) without one."""
        return self.pool.kernel if self.pool else (1, 1)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the tensors that the layer reads."""
        if self.assemble is not None:
            return inputs_of(self.assemble)
        return (self.input, self.add.residual) if self.add else (self.input,)

    @property
    def name(self) -> str:
        """Name of the first operator's node."""
        return self.operators[0].source.node or self.output


def fuse(
    graph: IntegerGraph, target: Target, apart: frozenset[str] = frozenset(), addressed: frozenset[str] = frozenset()
) -> list[Layer]:
    """Layers in the order of their last operators, every operator in exactly one of them.

    Operators that make a tensor in ``apart`` stay layers of their own; those that make one in ``addressed`` are none.
    """
    reads = {name: len(graph.consumers(name)) + (name in graph.outputs) for name in graph.tensors}
    layers: list[Layer] = []
    taken: set[int] = {id(operator) for operator in graph.operators if operator.output in apart}
    for operator in graph.operators:
        if operator.output in addressed or (id(operator) in taken and operator.output not in apart):
            continue
        layer = _alone(operator, graph, target)
        if isinstance(operator, Conv2d):
            layer = _with_add(layer, graph, target, reads, taken)
            if layer.add is None:
                layer = _with_pool(layer, graph, target, reads, taken)
        layers.append(layer)
    return _in_order(layers, graph)


def _alone(operator: Operator, graph: IntegerGraph, target: Target) -> Layer:
    match operator:
        case Conv2d():
            return _convolution(operator, graph.tensors, target)
        case MaxPool2d():
            return _maximum(operator, graph.tensors, target)
        case AveragePool2d():
            return _average(operator, graph.tensors, target)
        case Add() | Multiply() | Extremum():
            return _pairwise(operator, graph.tensors, target)
        case Assemble():
            return _copying(operator, target)


def _convolution(operator: Conv2d, tensors: dict[str, Tensor], target: Target) -> Layer:
    source, output = tensors[operator.input], tensors[operator.output]
    sums = operator.weights.astype(np.int64).sum(axis=(1, 2, 3))
    depthwise = 1 < operator.groups == source.channels == len(operator.weights)
    return Layer(
        kind=Kind.CHANNELWISE if depthwise and target.channelwise else Kind.DENSE,
        input=operator.input,
        output=operator.output,
        weights=operator.weights,
        bias=operator.bias - source.zero_point * sums,
        window=operator.window,
        groups=operator.groups,
        pad_value=source.zero_point,
        multiplier=operator.multiplier,
        shift=operator.shift,
        zero_point=operator.zero_point,
        low=operator.low,
        high=operator.high,
        uniform=False,
        operators=(operator,),
        table=operator.table,
        table_low=output.low,
        table_high=output.high,
        rounding=operator.rounding,
    )


def _maximum(operator: MaxPool2d, tensors: dict[str, Tensor], target: Target) -> Layer:
    channels = tensors[operator.input].channels
    least, _ = signed_range(target.activation_bits)
    return Layer(
        kind=Kind.MAXIMUM,
        input=operator.input,
        output=operator.output,
        weights=np.ones((channels, 1, *operator.window.kernel), np.int8),
        bias=np.full(channels, least, np.int64),
        window=operator.window,
        groups=channels,
        pad_value=least,
        multiplier=np.ones(channels, np.int64),
        shift=np.zeros(channels, np.int64),
        zero_point=0,
        low=operator.low,
        high=operator.high,
        uniform=True,
        operators=(operator,),
    )


def _average(operator: AveragePool2d, tensors: dict[str, Tensor], target: Target) -> Layer:
    source = tensors[operator.input]
    area = operator.window.kernel[0] * operator.window.kernel[1]
    return _depthwise_ones(
        source,
        operator,
        operator.window,
        target,
        bias=-source.zero_point * area,
        multiplier=operator.multiplier,
        shift=operator.shift,
        zero_point=operator.zero_point,
        low=operator.low,
        high=operator.high,
    )


def _pairwise(operator: Pair, tensors: dict[str, Tensor], target: Target) -> Layer:
    least, greatest = signed_range(target.activation_bits)
    layer = _depthwise_ones(
        tensors[operator.a],
        operator,
        Window((1, 1)),
        target,
        bias=0,
        multiplier=1,
        shift=0,
        zero_point=0,
        low=least,
        high=greatest,
    )
    return _replaced(layer, output=operator.output, add=_stage(operator, operator.a, tensors))


def _depthwise_ones(
    source: Tensor,
    operator: AveragePool2d | Pair,
    window: Window,
    target: Target,
    *,
    bias: int,
    multiplier: int,
    shift: int,
    zero_point: int,
    low: int,
    high: int,
) -> Layer:
    """A convolution whose weights are 1, channel by channel."""
    channels = source.channels
    return Layer(
        kind=Kind.CHANNELWISE if target.channelwise else Kind.DENSE,
        input=source.name,
        output=operator.output,
        weights=np.ones((channels, 1, *window.kernel), np.int8),
        bias=np.full(channels, bias, np.int64),
        window=window,
        groups=channels,
        pad_value=source.zero_point,
        multiplier=np.full(channels, multiplier, np.int64),
        shift=np.full(channels, shift, np.int64),
        zero_point=zero_point,
        low=low,
        high=high,
        uniform=target.channelwise,
        operators=(operator,),
    )


def _copying(operator: Assemble, target: Target) -> Layer:
    """What hands on one group of columns unchanged, one number after another."""
    columns = target.columns
    low, high = signed_range(target.activation_bits)
    one_by_one = np.ones((columns, 1, 1, 1), np.int8)
    return Layer(
        kind=Kind.CHANNELWISE if target.channelwise else Kind.DENSE,
        input=operator.pieces[0].input,
        output=operator.output,
        weights=one_by_one if target.channelwise else np.eye(columns, dtype=np.int8).reshape(columns, columns, 1, 1),
        bias=np.zeros(columns, np.int64),
        window=Window((1, 1)),
        groups=columns if target.channelwise else 1,
        pad_value=operator.fill,
        multiplier=np.ones(columns, np.int64),
        shift=np.zeros(columns, np.int64),
        zero_point=0,
        low=low,
        high=high,
        uniform=True,
        operators=(operator,),
    )


def _stage(operator: Pair, value: str, tensors: dict[str, Tensor]) -> AddStage:
    first = value == operator.a
    residual = operator.b if first else operator.a
    spread = tensors[residual].elements != tensors[value].elements
    match operator:
        case Add(a_multiplier=of_a, b_multiplier=of_b):
            numbers, combine = (of_a if first else of_b, of_b if first else of_a, operator.addend), isa.Combine.ADD
            scale = (operator.shift, operator.zero_point)
        case Multiply(a_offset=of_a, b_offset=of_b):
            numbers = (of_b if first else of_a, operator.multiplier, of_a if first else of_b)
            combine, scale = isa.Combine.MULTIPLY, (operator.shift, operator.zero_point)
        case Extremum():
            combine = isa.Combine.MAXIMUM if operator.maximum else isa.Combine.MINIMUM
            numbers, scale = (0, 0, 0), (0, 0)
    return AddStage(residual, *numbers, *scale, operator.low, operator.high, combine, spread)


def _with_add(layer: Layer, graph: IntegerGraph, target: Target, reads: dict[str, int], taken: set[int]) -> Layer:
    if reads[layer.output] != 1 or not target.residual_bytes:
        return layer
    (consumer,) = graph.consumers(layer.output) or (None,)
    if not isinstance(consumer, Pair) or consumer.a == consumer.b or id(consumer) in taken:
        return layer
    if graph.tensors[layer.output].elements != graph.tensors[consumer.output].elements:
        return layer  # it is the operand that is spread
    taken.add(id(consumer))
    operators = (*layer.operators, consumer)
    stage = _stage(consumer, layer.output, graph.tensors)
    return _replaced(layer, output=consumer.output, add=stage, operators=operators)


def _with_pool(layer: Layer, graph: IntegerGraph, target: Target, reads: dict[str, int], taken: set[int]) -> Layer:
    if reads[layer.output] != 1 or not target.pool:
        return layer
    (consumer,) = graph.consumers(layer.output) or (None,)
    if not isinstance(consumer, MaxPool2d | AveragePool2d) or id(consumer) in taken:
        return layer
    window, source = consumer.window, graph.tensors[layer.output]
    area = window.kernel[0] * window.kernel[1]
    apart = window.kernel == window.stride and window.dilation == (1, 1) and not any(window.pads)
    if not apart or area > 255:
        return layer
    if isinstance(consumer, MaxPool2d):
        stage = PoolStage(isa.Pool.MAXIMUM, window.kernel, consumer.low, consumer.high)
    else:
        stage = PoolStage(
            isa.Pool.SUM,
            window.kernel,
            consumer.low,
            consumer.high,
            multiplier=consumer.multiplier,
            addend=-source.zero_point * area * consumer.multiplier,
            shift=consumer.shift,
            zero_point=consumer.zero_point,
        )
    taken.add(id(consumer))
    return _replaced(layer, output=consumer.output, pool=stage, operators=(*layer.operators, consumer))


def _replaced(layer: Layer, **changes: object) -> Layer:
    return Layer(**{**layer.__dict__, **changes})


def _in_order(layers: list[Layer], graph: IntegerGraph) -> list[Layer]:
    """A fused add may read a tensor that is made after the convolution it rides on: order by the last operator."""
    position = {id(operator): i for i, operator in enumerate(graph.operators)}
    return sorted(layers, key=lambda layer: position[id(layer.operators[-1])])
