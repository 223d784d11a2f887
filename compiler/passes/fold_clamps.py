"""Fold clamps: a Relu or Clip becomes the limits of the operator before it.

Requires: affine expanded, clamps raised. Ensures: a Clamp is left only behind an input, or behind a map with other
readers or another grid.
"""

from dataclasses import replace

from tileloom.compiler.merging import merge_into_producers
from tileloom.compiler.real_graph import (
    Addition,
    AveragePool,
    Clamp,
    Convolution,
    Extremum,
    MaximumPool,
    Product,
    RealGraph,
    RealOperator,
)


def fold_clamps(graph: RealGraph) -> RealGraph:
    """Intersect limits."""
    return merge_into_producers(graph, Clamp, _limited, keeps_grid=True)


def _limited(producer: RealOperator, clamp: Clamp) -> RealOperator | None:
    """The producer with ``clamp(clamp(x))`` as one clamp."""
    if not isinstance(producer, Convolution | MaximumPool | AveragePool | Addition | Product | Extremum):
        return None
    low = min(max(producer.low, clamp.low), clamp.high)
    return replace(producer, low=low, high=min(max(producer.high, clamp.low), clamp.high))
