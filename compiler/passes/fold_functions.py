"""Fold functions: a function of each element becomes the table of the convolution before it.

Requires: clamps folded. Ensures: a Function is left only behind something that is no convolution, or behind a map with
other readers or a grid of its own.
"""

from dataclasses import replace
from math import inf

from tileloom.compiler.merging import merge_into_producers
from tileloom.compiler.real_graph import Convolution, Function, RealGraph, RealOperator
from tileloom.compiler.table_function import TableFunction


def fold_functions(graph: RealGraph) -> RealGraph:
    """Attach functions to convolutions; limits before a function become a part of it."""
    return merge_into_producers(graph, Function, _with_function)


def _with_function(producer: RealOperator, function: Function) -> RealOperator | None:
    if not isinstance(producer, Convolution) or producer.function is not None:
        return None
    whole, limits = function.function, (producer.low, producer.high)
    if limits != (-inf, inf):
        whole = whole.of(TableFunction("Clip", limits))
    return replace(producer, function=whole, applied_to=function.applied_to, low=-inf, high=inf)
