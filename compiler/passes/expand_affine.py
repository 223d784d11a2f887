"""Expand affine: what could not be folded becomes a depthwise convolution of one weight per channel.

Requires: affine folded. Ensures: no Affine is left.
"""

from tileloom.compiler.graph import Window
from tileloom.compiler.real_graph import Affine, Convolution, RealGraph, RealOperator


def expand_affine(graph: RealGraph) -> RealGraph:
    """Replace every Affine."""
    return graph.with_operators(_expanded(operator) for operator in graph.operators)


def _expanded(operator: RealOperator) -> RealOperator:
    if not isinstance(operator, Affine):
        return operator
    count = len(operator.gain)
    weights = operator.gain.reshape(count, 1, 1, 1)
    return Convolution(
        operator.source, operator.input, operator.output, weights, operator.offset, Window((1, 1)), count
    )
