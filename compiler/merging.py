"""Merging an operator of the real graph into the one that feeds it, where nobody else reads what lies between."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from tileloom.compiler.real_graph import Affine, Clamp, Function, RealGraph, RealOperator, inputs_of

Follower = TypeVar("Follower", Affine, Clamp, Function)


def merge_into_producers(
    graph: RealGraph,
    kind: type[Follower],
    attempt: Callable[[RealOperator, Follower], RealOperator | None],
    keeps_grid: bool = False,
) -> RealGraph:
    """Merge every operator of ``kind`` for which ``attempt(producer, follower)`` gives the merged operator.

    A quantisation that the model gives between the two forbids it, unless ``keeps_grid`` and the follower's result
    lies on the same grid (or on none, and then takes it over).
    """
    uses = graph.uses()
    maps = dict(graph.maps)
    result: list[RealOperator] = []
    position: dict[str, int] = {}
    for operator in graph.operators:
        merged = None
        (name, *_) = inputs_of(operator)
        between, after = maps[name].quantisation, maps[operator.output].quantisation
        same_grid = between is None or (keeps_grid and after in (None, between))
        if isinstance(operator, kind) and name in position and uses[name] == 1 and same_grid:
            merged = attempt(result[position[name]], operator)
        if merged is None:
            position[operator.output] = len(result)
            result.append(operator)
            continue
        slot = position[name]
        result[slot] = replace(merged, output=operator.output)
        position[operator.output] = slot
        if between is not None:
            maps[operator.output] = replace(maps[operator.output], quantisation=between)
    return replace(graph, maps=maps).with_operators(result)
