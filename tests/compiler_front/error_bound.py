"""A proven bound on how far the integer network may be from the float network, from the scales alone.

Walks the calibrated real graph: every rounding adds half a step, every layer enlarges what came before by its gain.
"""

from dataclasses import dataclass

import numpy as np

from tileloom.compiler.nonlinearity import NONLINEARITIES, fit
from tileloom.compiler.real_graph import Addition, AveragePool, Convolution, MaximumPool, RealGraph
from tileloom.compiler.scales import weight_codes

LIPSCHITZ = {"Tanh": 1.0, "Sigmoid": 0.25}


@dataclass(frozen=True)
class Bound:
    """Greatest error and greatest magnitude of a map's float values."""

    error: float
    magnitude: float


def error_bounds(graph: RealGraph, inputs: dict[str, float]) -> dict[str, float]:
    """Greatest error of each map; ``inputs`` are the greatest magnitudes of the network inputs."""
    bounds: dict[str, Bound] = {}
    for name in graph.inputs:
        bounds[name] = Bound(_step(graph, name), inputs[name])
    for operator in graph.operators:
        if isinstance(operator, Addition):
            a, b = bounds[operator.a], bounds[operator.b]
            magnitude = a.magnitude + b.magnitude
            error = a.error + b.error + magnitude * 2.0**-13
        elif isinstance(operator, MaximumPool):
            bounds[operator.output] = bounds[operator.input]
            continue
        elif isinstance(operator, AveragePool):
            read = bounds[operator.input]
            magnitude, error = read.magnitude, read.error + read.magnitude * 2.0**-13
        else:
            assert isinstance(operator, Convolution)
            magnitude, error = _convolved(graph, operator, bounds[operator.input])
        bounds[operator.output] = Bound(error + _step(graph, operator.output), magnitude)
    return {name: bound.error for name, bound in bounds.items()}


def _step(graph: RealGraph, name: str) -> float:
    """Half a step for rounding and half for the zero point, which may move the range's end."""
    quantisation = graph.maps[name].quantisation
    assert quantisation is not None
    return quantisation.scale * 1.001


def _convolved(graph: RealGraph, operator: Convolution, read: Bound) -> tuple[float, float]:
    grid = graph.maps[operator.input].quantisation
    written = graph.maps[operator.output].quantisation
    assert grid is not None and written is not None
    scales = operator.scales
    per_output = operator.weights[0].size
    weight_error = 0.0
    if scales is None:
        _, scales = weight_codes(operator.weights, operator.bias, grid.scale)
        weight_error = float(scales.max()) / 2 * per_output * (read.magnitude + read.error)
    gain = float(np.abs(operator.weights.reshape(len(operator.bias), -1)).sum(axis=1).max())
    magnitude = gain * read.magnitude + float(np.abs(operator.bias).max())
    error = gain * read.error + weight_error + grid.scale * float(scales.max()) / 2
    error += (magnitude + error) * 2.0**-15
    if operator.function is not None:
        nonlinearity = NONLINEARITIES[operator.function]
        middle = max(nonlinearity.saturation / 32768, grid.scale * float(scales.max()) / 32767)
        _, table = fit(nonlinearity.function, middle, written.scale, written.zero_point)
        error = LIPSCHITZ[operator.function] * (error + middle) + (table + 0.5) * written.scale
        magnitude = 1.0
    return magnitude, error
