"""Join functions: operators that in the end compute one function of each element of one map become one Function.

Requires: affine folded; nothing has limits yet. Ensures: a number times its sigmoid, the greater of a number and its
tenth, and whatever else is made of functions, limits, factors and pairs of one map, is a single table, if that takes
no map away from other readers. Maps with a grid that the model gives stay.
"""

from dataclasses import dataclass, replace

import numpy as np

from tileloom.compiler.real_graph import (
    Addition,
    Affine,
    AveragePool,
    Clamp,
    Convolution,
    Extremum,
    Function,
    MaximumPool,
    Product,
    RealGraph,
    RealOperator,
    inputs_of,
)
from tileloom.compiler.table_function import IDENTITY, TableFunction


@dataclass(frozen=True)
class _Whole:
    """A map's elements as a function of those of the map ``root``."""

    root: str
    function: TableFunction
    bends: bool
    """The function is more than factors, offsets and limits, which have places of their own."""


_NARROWED = Addition | Product | Extremum | AveragePool | MaximumPool
"""A limit behind one of these makes the map itself narrower, which is worth more than a place in a table."""


def join_functions(graph: RealGraph) -> RealGraph:
    """Replace the last operator of each such part of the graph, and drop the others."""
    uses = graph.uses()
    producers = {operator.output: operator for operator in graph.operators}
    known: dict[str, _Whole] = {}
    operators: list[RealOperator] = []
    for operator in graph.operators:
        apart = isinstance(operator, Clamp) and isinstance(producers.get(operator.input), _NARROWED)
        if isinstance(operator, Product) and operator.a == operator.b:
            # A square is exact as a product; as a table it is one with the convolution before it.
            apart = uses[operator.a] > 2 or not isinstance(producers.get(operator.a), Convolution)
        found = None if apart else _whole(operator, graph, known, uses)
        if found is not None:
            known[operator.output] = found
        if found is not None and found.bends and (found.root,) != inputs_of(operator):
            value = graph.maps[found.root].value
            operators.append(Function(operator.source, found.root, operator.output, found.function, value))
        else:
            operators.append(operator)
    return _without_unread(replace(graph, operators=tuple(operators)))


def _whole(operator: RealOperator, graph: RealGraph, known: dict[str, _Whole], uses: dict[str, int]) -> _Whole | None:
    """What the operator computes of a map farther up; None where it is no function of one map's elements."""

    def of(name: str, single: bool) -> _Whole:
        itself = _Whole(name, IDENTITY, False)
        if graph.maps[name].quantisation is not None or (single and uses[name] > 1):
            return itself
        return known.get(name, itself)

    match operator:
        case Function() | Clamp() | Affine():
            outer = _function(operator)
            if outer is None:
                return None
            inner = of(operator.input, single=True)
            bends = inner.bends or isinstance(operator, Function)
            return _Whole(inner.root, outer.of(inner.function), bends)
        case Addition() | Product() | Extremum():
            a, b = of(operator.a, single=False), of(operator.b, single=False)
            sizes = {(m.channels, m.height, m.width) for m in (graph.maps[operator.a], graph.maps[operator.b])}
            if a.root != b.root or len(sizes) > 1:
                return None
            return _Whole(a.root, _pair(operator, a.function, b.function), True)
        case _:
            return None


def _function(operator: Function | Clamp | Affine) -> TableFunction | None:
    if isinstance(operator, Function):
        return operator.function
    if isinstance(operator, Clamp):
        return TableFunction("Clip", (operator.low, operator.high))
    gain, offset = float(operator.gain[0]), float(operator.offset[0])
    if np.any(operator.gain != gain) or np.any(operator.offset != offset):
        return None
    return TableFunction("Affine", (gain, offset))


def _pair(operator: Addition | Product | Extremum, a: TableFunction, b: TableFunction) -> TableFunction:
    match operator:
        case Addition():
            return TableFunction("Add", (operator.a_gain, operator.b_gain), (a, b))
        case Product():
            return TableFunction("Mul", (operator.gain,), (a, b))
        case Extremum():
            return TableFunction("Max" if operator.maximum else "Min", (), (a, b))


def _without_unread(graph: RealGraph) -> RealGraph:
    """The graph without operators whose output nobody reads."""
    needed = set(graph.outputs)
    kept: list[RealOperator] = []
    for operator in reversed(graph.operators):
        if operator.output in needed:
            kept.append(operator)
            needed.update(inputs_of(operator))
    return graph.with_operators(reversed(kept))
