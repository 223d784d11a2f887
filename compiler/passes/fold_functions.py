"""Fold functions: Tanh and Sigmoid become the table of the convolution before them.

Requires: clamps folded. Ensures: a Function is left only behind something that is no plain convolution.
"""

from dataclasses import replace
from math import inf

from tileloom.compiler.merging import merge_into_producers
from tileloom.compiler.real_graph import Convolution, Function, RealGraph, RealOperator


def fold_functions(graph: RealGraph) -> RealGraph:
    """Attach functions to convolutions without limits."""
    return merge_into_producers(graph, Function, _with_function)


def _with_function(producer: RealOperator, function: Function) -> RealOperator | None:
    if not isinstance(producer, Convolution) or producer.function is not None:
        return None
    if (producer.low, producer.high) != (-inf, inf):
        return None
    return replace(producer, function=function.name)
