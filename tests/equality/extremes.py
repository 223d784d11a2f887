"""The same graph with numbers at the ends of their ranges: weights, biases, factors, shifts, clamps."""

from dataclasses import replace
from typing import assert_never

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
)
from tileloom.hw.spec.quant import SHIFT_MAXIMUM, accumulator_bits, signed_range

FACTORS = (1, 3, 1 << 15, (1 << 16) - 1, (1 << 17) - 1)
"""Multipliers, 18 bits signed."""


def with_extremes(graph: IntegerGraph, random: np.random.Generator) -> IntegerGraph:
    """Every operator with other numbers; sums still fit the accumulators."""
    return replace(graph, operators=tuple(_extreme(operator, graph, random) for operator in graph.operators))


def _extreme(operator: Operator, graph: IntegerGraph, random: np.random.Generator) -> Operator:
    written = graph.tensors[operator.output]
    match operator:
        case Conv2d():
            return _convolution(operator, written, random)
        case AveragePool2d():
            multiplier, shift = _factor(
                random, operator.window.kernel[0] * operator.window.kernel[1] << _bits(written), _bits(written)
            )
            low, high = _clamps(random, written)
            return replace(operator, multiplier=multiplier, shift=shift, low=low, high=high)
        case MaxPool2d() | Extremum():
            low, high = _clamps(random, written)
            return replace(operator, low=low, high=high)
        case Add():
            first, second = (_factor(random, 1 << _bits(written), _bits(written))[0] for _ in range(2))
            a, b = graph.tensors[operator.a], graph.tensors[operator.b]
            addend = -(a.zero_point * first + b.zero_point * second)
            shift = int(random.integers(0, 30))
            return replace(operator, a_multiplier=first, b_multiplier=second, addend=addend, shift=shift)
        case Multiply():
            multiplier, shift = _factor(random, 1 << 2 * _bits(written), _bits(written))
            return replace(operator, multiplier=multiplier, shift=shift)
        case Assemble():
            return operator
        case _:
            assert_never(operator)


def _convolution(operator: Conv2d, written: Tensor, random: np.random.Generator) -> Conv2d:
    weights, bits = operator.weights, 8 * operator.weights.itemsize
    least, greatest = signed_range(bits)
    match random.integers(4):
        case 0:
            weights = np.full_like(weights, least)
        case 1:
            weights = np.full_like(weights, greatest)
        case 2:
            weights = random.choice(np.array([least, greatest], weights.dtype), weights.shape)
    channels = len(operator.bias)
    sums = (1 << bits) * np.abs(weights.astype(np.int64)).reshape(channels, -1).sum(axis=1)
    room = np.maximum((1 << (accumulator_bits(bits) - 1)) - 1 - sums, 0)
    bias = np.where(random.random(channels) < 0.5, random.choice([-1, 0, 1], channels) * room, operator.bias)
    factors = [_factor(random, int(total) + 1, bits) for total in sums]
    low, high = (operator.low, operator.high) if operator.table else _clamps(random, written)
    return replace(
        operator,
        weights=weights,
        bias=bias.astype(np.int64),
        multiplier=np.array([multiplier for multiplier, _ in factors], np.int64),
        shift=np.array([shift for _, shift in factors], np.int64),
        low=low,
        high=high,
    )


def _bits(tensor: Tensor) -> int:
    return 8 * tensor.code_type.itemsize


def _factor(random: np.random.Generator, magnitude: int, bits: int) -> tuple[int, int]:
    """A multiplier, and a shift that takes values of this magnitude to about ``bits`` bits, or any shift."""
    multiplier = int(random.choice(FACTORS))
    if random.random() < 0.2:
        return multiplier, int(random.choice([0, 1, SHIFT_MAXIMUM]))
    fitting = (multiplier * magnitude).bit_length() - bits + int(random.integers(-4, 2))
    return multiplier, min(max(fitting, 0), SHIFT_MAXIMUM)


def _clamps(random: np.random.Generator, written: Tensor) -> tuple[int, int]:
    """Low and high within the range of the output."""
    if random.random() < 0.5:
        return written.low, written.high
    low, high = sorted(int(v) for v in random.integers(written.low, written.high + 1, 2))
    return low, high
