"""Calibrate: maps that the model leaves in floating point get a scale and zero point from what runs through them.

Requires: a real graph of convolutions, pools and additions; calibration data. Ensures: every map has a quantisation.
Max pools hand on that of their input; outputs of functions have that of the function's range.
"""

from dataclasses import replace
from math import inf

import numpy as np

from tileloom.compiler.float_model import Histogram
from tileloom.compiler.nonlinearity import NONLINEARITIES
from tileloom.compiler.real_graph import Convolution, Floats, Map, MaximumPool, Quantisation, RealGraph, RealOperator
from tileloom.compiler.scales import quantisation_of_range

METHODS = ("mse", "percentile", "minmax")
"""How a range is chosen: least squared error, 99.99 % of the values, or all of them."""
PERCENTILE = 99.99


def values_to_observe(graph: RealGraph) -> list[str]:
    """ONNX values whose histograms :func:`calibrate` needs, each once."""
    producers = {operator.output: operator for operator in graph.operators}
    needed = [map_.value for map_ in graph.maps.values() if _is_observed(map_, producers.get(map_.name))]
    return list(dict.fromkeys(needed))


def calibrate(graph: RealGraph, seen: dict[str, Histogram], method: str) -> RealGraph:
    """The graph with every map quantised."""
    producers = {operator.output: operator for operator in graph.operators}
    maps = dict(graph.maps)
    for name in [*graph.inputs, *producers]:
        map_, producer = maps[name], producers.get(name)
        if map_.quantisation is not None:
            continue
        if _is_observed(map_, producer):
            # Inputs keep their whole range: their values are data, not outliers.
            chosen = "minmax" if producer is None else method
            found = _chosen(seen[map_.value], _limits(producer), chosen)
        elif isinstance(producer, MaximumPool):
            found = maps[producer.input].quantisation or Quantisation(1.0, 0)
        else:
            assert isinstance(producer, Convolution) and producer.function is not None
            found = NONLINEARITIES[producer.function].output
        maps[name] = replace(map_, quantisation=found)
    return replace(graph, maps=maps)


def _is_observed(map_: Map, producer: RealOperator | None) -> bool:
    if map_.quantisation is not None or isinstance(producer, MaximumPool):
        return False
    return not (isinstance(producer, Convolution) and producer.function is not None)


def _limits(producer: RealOperator | None) -> tuple[float, float]:
    return (-inf, inf) if producer is None else (getattr(producer, "low", -inf), getattr(producer, "high", inf))


def _chosen(seen: Histogram, limits: tuple[float, float], method: str) -> Quantisation:
    """The quantisation for a histogram, values clamped to ``limits`` first."""
    low, high = (float(np.clip(value, *limits)) for value in (seen.low, seen.high))
    centres = np.clip(seen.centres(), low, high)
    if method == "percentile":
        low, high = _percentiles(centres, seen.counts.astype(np.float64), low, high)
    if method == "mse":
        low, high = _least_error(centres, seen.counts.astype(np.float64), low, high)
    return quantisation_of_range(low, high)


def _percentiles(centres: Floats, counts: Floats, low: float, high: float) -> tuple[float, float]:
    """Limits that leave out the outermost values on each side."""
    order = np.argsort(centres, kind="stable")
    share = np.cumsum(counts[order]) / counts.sum()
    tail = 1.0 - PERCENTILE / 100.0
    found = centres[order][np.searchsorted(share, [tail, 1.0 - tail]).clip(0, len(order) - 1)]
    return max(low, min(float(found[0]), 0.0)), min(high, max(float(found[1]), 0.0))


def _least_error(centres: Floats, counts: Floats, low: float, high: float) -> tuple[float, float]:
    """Limits, each cut by up to 70 %, with the least mean squared error of quantisation and clipping."""
    occupied = counts > 0
    centres, counts = centres[occupied], counts[occupied]
    low, high = min(low, 0.0), max(high, 0.0)
    best, limits = inf, (low, high)
    cuts = np.linspace(1.0, 0.3, 36)
    for share_low in cuts if low < 0.0 else cuts[:1]:
        for share_high in cuts if high > 0.0 else cuts[:1]:
            grid = quantisation_of_range(low * share_low, high * share_high)
            codes = np.clip(np.rint(centres / grid.scale) + grid.zero_point, grid.low, grid.high)
            error = float(np.dot(counts, ((codes - grid.zero_point) * grid.scale - centres) ** 2))
            if error < best:
                best, limits = error, (low * float(share_low), high * float(share_high))
    return limits
