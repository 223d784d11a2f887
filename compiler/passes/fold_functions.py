"""Fold functions: a function of each element becomes the table of the convolution before it.

Requires: clamps folded. Ensures: a Function is left only behind something that is neither a convolution nor a mean, or
behind a map with other readers or a grid of its own.
"""

from dataclasses import replace
from functools import partial
from math import inf

import numpy as np

from tileloom.compiler.merging import merge_into_producers
from tileloom.compiler.real_graph import AveragePool, Convolution, Function, RealGraph, RealOperator
from tileloom.compiler.table_function import TableFunction


def fold_functions(graph: RealGraph) -> RealGraph:
    """Attach functions to convolutions; limits before a function become a part of it."""
    return merge_into_producers(graph, Function, partial(_with_function, graph))


def _with_function(graph: RealGraph, producer: RealOperator, function: Function) -> RealOperator | None:
    if isinstance(producer, AveragePool):
        producer = _as_convolution(producer, graph.maps[producer.input].channels)
    if not isinstance(producer, Convolution) or producer.function is not None:
        return None
    whole, limits = function.function, (producer.low, producer.high)
    if limits != (-inf, inf):
        whole = whole.of(TableFunction("Clip", limits))
    return replace(producer, function=whole, applied_to=function.applied_to, low=-inf, high=inf)


def _as_convolution(pool: AveragePool, channels: int) -> Convolution:
    """The depthwise convolution that computes the same means: its sums reach a table with 16 bits."""
    codes = np.ones((channels, 1, *pool.window.kernel), dtype=np.int64)
    scales = np.full(channels, pool.gain / (pool.window.kernel[0] * pool.window.kernel[1]))
    weights = codes * scales.reshape(-1, 1, 1, 1)
    return Convolution(
        pool.source,
        pool.input,
        pool.output,
        weights,
        np.zeros(channels),
        pool.window,
        channels,
        codes,
        scales,
        pool.low,
        pool.high,
    )
