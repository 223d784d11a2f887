"""How far the integer network may be from the float network: a bound proven from scales, weights and factors alone.

Walks the integer graph beside the calibrated real graph that it was made from. Every rounding adds half a step; every
operator enlarges the errors of its inputs by its gain; weights, biases and factors count with what is left of them in
integers. The bound holds for every input for which all float values stay within the ranges of their tensors, in exact
arithmetic: the rounding of the float network itself is not in it.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from tileloom.compiler import graph as integer
from tileloom.compiler import real_graph as real
from tileloom.compiler.graph import IntegerGraph, Tensor, inputs_of
from tileloom.compiler.real_graph import Floats, RealGraph
from tileloom.compiler.table_function import evaluate

RELATIVE = 2.0**-15
"""Relative error of a rescaling that only quantisation asked for: multipliers have at least 15 significant bits."""
SAMPLES = 4097
"""Points at which a function is looked at beyond the range of its table."""


@dataclass(frozen=True, eq=False)
class _Bound:
    """Greatest error of each channel, and greatest magnitude of the float values."""

    error: Floats
    magnitude: float


def error_bounds(graph: IntegerGraph, origin: RealGraph, coded: Container[str] = ()) -> dict[str, float]:
    """Greatest ``|dequantised code - float value|`` of every tensor; inputs that are ``coded`` are integers themselves.

    ``origin`` is the real graph, every map quantised, from which ``graph`` was made; an integer operator whose output
    it does not have is a change of scale that quantisation put in.
    """
    meanings = {operator.output: operator for operator in origin.operators}
    bounds: dict[str, _Bound] = {}
    for name in graph.inputs:
        tensor = graph.tensors[name]
        rounding = 0.0 if name in coded else tensor.scale / 2
        bounds[name] = _Bound(np.full(tensor.channels, rounding), _magnitude(tensor))
    for operator in graph.operators:
        tensor = graph.tensors[operator.output]
        error = _error(operator, meanings.get(operator.output), graph.tensors, bounds)
        everything = (tensor.high - tensor.low + 1) * tensor.scale
        bounds[operator.output] = _Bound(np.minimum(error, everything), _magnitude(tensor))
    return {name: float(bound.error.max()) for name, bound in bounds.items()}


def _magnitude(tensor: Tensor) -> float:
    """Of the float values that a tensor stands for: its range, and half a step to each side."""
    return (max(tensor.high - tensor.zero_point, tensor.zero_point - tensor.low) + 0.5) * tensor.scale


def _error(
    operator: integer.Operator,
    meaning: real.RealOperator | None,
    tensors: Mapping[str, Tensor],
    bounds: Mapping[str, _Bound],
) -> Floats:
    """Greatest error of each channel of the operator's output."""
    written = tensors[operator.output]
    rounding = written.scale / 2
    inputs = [bounds[name] for name in inputs_of(operator)]
    match operator:
        case integer.Conv2d():
            if isinstance(meaning, real.Convolution):
                return _convolution(operator, meaning, tensors, inputs[0])
            rescaled = inputs[0].error.max() + inputs[0].magnitude * RELATIVE + rounding
            return np.full(written.channels, rescaled)
        case integer.MaxPool2d():
            return inputs[0].error
        case integer.AveragePool2d():
            area = operator.window.kernel[0] * operator.window.kernel[1]
            factor = float(np.ldexp(float(operator.multiplier), -operator.shift))
            gain = factor * written.scale / tensors[operator.input].scale * area
            wanted = meaning.gain if isinstance(meaning, real.AveragePool) else 1.0
            return gain * inputs[0].error + abs(gain - wanted) * inputs[0].magnitude + rounding
        case integer.Add():
            total = np.full(written.channels, rounding)
            wishes = (meaning.a_gain, meaning.b_gain) if isinstance(meaning, real.Addition) else (1.0, 1.0)
            names, multipliers = (operator.a, operator.b), (operator.a_multiplier, operator.b_multiplier)
            for name, multiplier, wanted in zip(names, multipliers, wishes, strict=True):
                gain = float(np.ldexp(float(multiplier), -operator.shift)) * written.scale / tensors[name].scale
                total = total + abs(gain) * bounds[name].error + abs(gain - wanted) * bounds[name].magnitude
            return total
        case integer.Multiply():
            a, b = bounds[operator.a], bounds[operator.b]
            factor = float(np.ldexp(float(operator.multiplier), -operator.shift))
            gain = factor * written.scale / (tensors[operator.a].scale * tensors[operator.b].scale)
            crossed = a.magnitude * b.error + b.magnitude * a.error + a.error * b.error
            wanted = meaning.gain if isinstance(meaning, real.Product) else 1.0
            return abs(gain) * crossed + abs(gain - wanted) * a.magnitude * b.magnitude + rounding
        case integer.Extremum():
            return np.asarray(np.maximum(*(bounds[name].error for name in (operator.a, operator.b))))
        case integer.Assemble():
            filled = isinstance(meaning, real.Assembly) and meaning.fill == 0.0
            own = 0.0 if filled else rounding
            return np.full(written.channels, max(own, *(float(bound.error.max()) for bound in inputs)))
        case _:
            assert_never(operator)


def _convolution(
    operator: integer.Conv2d, meaning: real.Convolution, tensors: Mapping[str, Tensor], read: _Bound
) -> Floats:
    """Of sums with the weights as they are in integers, then of the function."""
    written = tensors[operator.output]
    scale = written.scale if operator.table is None else operator.table_scale
    factors = np.ldexp(operator.multiplier.astype(np.float64), -operator.shift) * scale
    outputs = len(factors)
    ideal = meaning.weights.reshape(outputs, meaning.weights.shape[1], -1)
    steps = (factors / tensors[operator.input].scale).reshape(-1, 1, 1)
    loss = np.abs(operator.weights.reshape(ideal.shape).astype(np.float64) * steps - ideal).sum(axis=2)
    gains = np.abs(ideal).sum(axis=2)
    error = np.repeat(read.error.reshape(operator.groups, -1), outputs // operator.groups, axis=0)
    result = (gains * error + loss * (error + read.magnitude)).sum(axis=1)
    whole = factors / scale == np.rint(factors / scale)  # sums of integers, times integers, are not rounded
    result = result + np.abs(operator.bias * factors - meaning.bias) + np.where(whole, 0.0, scale / 2)
    if operator.table is None:
        return np.asarray(result)
    move, difference = _function(
        operator, meaning, written, _sums(operator, meaning, tensors[operator.input]), float(result.max())
    )
    return np.asarray(np.minimum(move, result * _slope(operator, meaning, written)) + difference)


def _sums(operator: integer.Conv2d, meaning: real.Convolution, read: Tensor) -> tuple[float, float]:
    """Least and greatest sum of inputs in the range of their tensor, half a step more to each side."""
    ends = [meaning.weights * ((code - read.zero_point) * read.scale) for code in (read.low - 0.5, read.high + 0.5)]
    axes = (1, 2, 3)
    least, greatest = np.minimum(*ends).sum(axis=axes), np.maximum(*ends).sum(axis=axes)
    return float((least + meaning.bias).min()), float((greatest + meaning.bias).max())


def _exact(operator: integer.Conv2d, meaning: real.Convolution, written: Tensor, x: Floats) -> Floats:
    """The function's values within the range of the output; where it has none, that of the nearest number before."""
    assert meaning.function is not None
    least, greatest = (
        (limit - written.zero_point) * written.scale for limit in (written.low - 0.5, written.high + 0.5)
    )
    values = evaluate(meaning.function, x)
    present = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(len(values))))
    return np.nan_to_num(np.clip(values[present], least, greatest), nan=least)


def _steps(operator: integer.Conv2d) -> Floats:
    """The numbers that the table's input codes stand for."""
    codes = np.arange(operator.low, operator.high + 1, dtype=np.float64)
    return np.asarray((codes - operator.zero_point) * operator.table_scale)


def _slope(operator: integer.Conv2d, meaning: real.Convolution, written: Tensor) -> float:
    """Greatest slope of the function over the range of its table."""
    exact = _exact(operator, meaning, written, _steps(operator))
    return float(np.abs(np.diff(exact)).max(initial=0.0)) / operator.table_scale


def _function(
    operator: integer.Conv2d, meaning: real.Convolution, written: Tensor, reach: tuple[float, float], error: float
) -> tuple[float, float]:
    """How far the function moves when its input does by ``error``, and how far its table is from it.

    Numbers are within ``reach``, and where calibration looked, between those that it saw.
    """
    assert operator.table is not None
    x = _steps(operator)
    exact = _exact(operator, meaning, written, x)
    codes = np.arange(operator.low, operator.high + 1, dtype=np.int64)
    found = (np.asarray(operator.table.evaluate(codes, written.low, written.high)) - written.zero_point) * written.scale
    difference = float(np.abs(found - exact).max())
    seen = meaning.seen or reach
    beyond = 0.0
    for index, limit in ((0, max(seen[0], reach[0])), (-1, min(seen[1], reach[1]))):
        if (limit < x[0]) if index == 0 else (limit > x[-1]):
            tail = _exact(operator, meaning, written, np.linspace(x[index], limit, SAMPLES))
            beyond = max(beyond, float(np.abs(tail - exact[index]).max()))
    return _movement(exact, int(np.ceil(error / operator.table_scale))), difference + beyond


def _movement(values: Floats, distance: int) -> float:
    """Greatest difference of two values at most ``distance`` apart."""
    if distance >= len(values):
        return float(np.ptp(values))
    high, low, width = values, values, 1
    while width < distance + 1:
        step = min(width, distance + 1 - width)
        high, low = np.maximum(high[:-step], high[step:]), np.minimum(low[:-step], low[step:])
        width += step
    return float((high - low).max())
