"""Expand copies: clamps, functions and changes of grid that are left become depthwise convolutions with ones.

Requires: all folds done. Ensures: only convolutions, pools and additions are left.
"""

import numpy as np

from tileloom.compiler.graph import Window
from tileloom.compiler.real_graph import Clamp, Convolution, Function, RealGraph, RealOperator, Requantise


def expand_copies(graph: RealGraph) -> RealGraph:
    """Replace every operator that only changes element by element."""
    return graph.with_operators(_expanded(operator, graph) for operator in graph.operators)


def _expanded(operator: RealOperator, graph: RealGraph) -> RealOperator:
    if not isinstance(operator, Clamp | Function | Requantise):
        return operator
    count = graph.maps[operator.input].channels
    ones = np.ones((count, 1, 1, 1))
    limits = (operator.low, operator.high) if isinstance(operator, Clamp) else (-np.inf, np.inf)
    return Convolution(
        operator.source,
        operator.input,
        operator.output,
        ones,
        np.zeros(count),
        Window((1, 1)),
        count,
        ones.astype(np.int64),
        np.ones(count),
        *limits,
        *((operator.function, operator.applied_to) if isinstance(operator, Function) else ()),
    )
