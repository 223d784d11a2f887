"""Raise clamps: a Relu or Clip behind a max pool moves before it, which gives the same numbers.

Requires: quantisers absorbed. Ensures: the clamp reaches the operator that computes the map, so that the map's codes
are not wasted on numbers that the clamp takes away. Clamps stay where a map has other readers or a given grid.
"""

from dataclasses import replace

from tileloom.compiler.real_graph import Clamp, MaximumPool, RealGraph, RealOperator


def raise_clamps(graph: RealGraph) -> RealGraph:
    """Exchange every ``pool, clamp`` for ``clamp, pool``."""
    changed = True
    while changed:
        graph, changed = _raise_one(graph)
    return graph


def _raise_one(graph: RealGraph) -> tuple[RealGraph, bool]:
    uses = graph.uses()
    producers: dict[str, RealOperator] = {operator.output: operator for operator in graph.operators}
    for index, clamp in enumerate(graph.operators):
        if not isinstance(clamp, Clamp):
            continue
        pool = producers.get(clamp.input)
        if not isinstance(pool, MaximumPool) or pool.input not in producers:
            continue
        before, between = graph.maps[pool.input], graph.maps[pool.output]
        single = uses[before.name] == 1 and uses[between.name] == 1
        if not single or before.quantisation is not None or between.quantisation is not None:
            continue
        raised = replace(before, name=f"{before.name}/clamped", quantisation=graph.maps[clamp.output].quantisation)
        operators = list(graph.operators)
        operators[index] = replace(pool, input=raised.name, output=clamp.output)
        operators[operators.index(pool)] = replace(clamp, input=before.name, output=raised.name)
        return replace(graph, maps={**graph.maps, raised.name: raised}).with_operators(operators), True
    return graph, False
