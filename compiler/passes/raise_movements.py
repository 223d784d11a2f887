"""Raise movements: what changes single elements behind an Assembly moves before it, to the maps that it is made of.

Requires: quantisers absorbed. Ensures: factors, limits and functions behind a concatenation or an upsampling reach the
operators that compute its inputs, where they cost nothing. They stay where a map between has other readers or a given
grid, where the Assembly has more elements to read than to write, and where the padding would need two values.
"""

from dataclasses import replace

import numpy as np

from tileloom.compiler.integer.assemble import source_elements, target_elements
from tileloom.compiler.real_graph import (
    Affine,
    Assembly,
    Clamp,
    Floats,
    Function,
    Map,
    RealGraph,
    inputs_of,
    reading,
)
from tileloom.compiler.table_function import evaluate

Follower = Affine | Clamp | Function


def raise_movements(graph: RealGraph) -> RealGraph:
    """Exchange every ``assembly, follower`` for ``follower, assembly``, until none is left."""
    changed = True
    while changed:
        graph, changed = _raise_one(graph)
    return graph


def _raise_one(graph: RealGraph) -> tuple[RealGraph, bool]:
    uses = graph.uses()
    places = {operator.output: index for index, operator in enumerate(graph.operators)}
    for index, follower in enumerate(graph.operators):
        if not isinstance(follower, Follower) or follower.input not in places:
            continue
        assembly = graph.operators[places[follower.input]]
        if not isinstance(assembly, Assembly) or not _may_rise(graph, assembly, uses):
            continue
        moved = _per_input(graph, assembly, follower)
        fill = _filled(graph, assembly, follower)
        if moved is None or fill is None:
            continue
        maps, names, before = dict(graph.maps), {}, []
        written = maps[follower.output]
        for operator in moved:
            name = operator.output
            maps[name] = replace(maps[operator.input], name=name, value=written.value)
            names[operator.input] = name
            before.append(operator)
        operators = list(graph.operators)
        operators[index] = reading(replace(assembly, output=follower.output, fill=fill), names)
        operators[places[follower.input] : places[follower.input] + 1] = before
        return replace(graph, maps=maps).with_operators(operators), True
    return graph, False


def _may_rise(graph: RealGraph, assembly: Assembly, uses: dict[str, int]) -> bool:
    between = graph.maps[assembly.output]
    read = [graph.maps[name] for name in inputs_of(assembly)]
    single = uses[between.name] == 1 and all(uses[map_.name] == 1 for map_ in read)
    free = between.quantisation is None and all(map_.quantisation is None for map_ in read)
    return single and free and sum(map_.elements for map_ in read) <= between.elements


def _per_input(graph: RealGraph, assembly: Assembly, follower: Follower) -> list[Follower] | None:
    """The follower for each of the assembly's inputs; None where a channel would need two factors."""
    result: list[Follower] = []
    for name in inputs_of(assembly):
        output = f"{name}/raised"
        while output in graph.maps:
            output += "'"
        moved = replace(follower, input=name, output=output)
        if isinstance(moved, Affine):
            factors = _factors(assembly, moved, graph.maps[name], graph.maps[assembly.output])
            if factors is None:
                return None
            moved = replace(moved, gain=factors[0], offset=factors[1])
        result.append(moved)
    return result


def _factors(assembly: Assembly, affine: Affine, read: Map, written: Map) -> tuple[Floats, Floats] | None:
    """Gain and offset for each channel of an input."""
    channel_of = np.full(read.channels, -1)
    for piece in assembly.pieces:
        if piece.input != read.name:
            continue
        sources = source_elements(piece) // (read.height * read.width)
        targets = target_elements(piece) // (written.height * written.width)
        for source, target in np.unique(np.stack([sources, targets]), axis=1).T:
            known = channel_of[source]
            same = affine.gain[known] == affine.gain[target] and affine.offset[known] == affine.offset[target]
            if known >= 0 and not same:
                return None
            channel_of[source] = target
    unused = channel_of < 0
    return np.where(unused, 1.0, affine.gain[channel_of]), np.where(unused, 0.0, affine.offset[channel_of])


def _filled(graph: RealGraph, assembly: Assembly, follower: Follower) -> float | None:
    """What the padding becomes; None where it is not one number."""
    if sum(int(np.prod(piece.counts)) for piece in assembly.pieces) == graph.maps[assembly.output].elements:
        return assembly.fill
    if isinstance(follower, Clamp):
        return min(max(assembly.fill, follower.low), follower.high)
    if isinstance(follower, Function):
        value = float(evaluate(follower.function, np.asarray([assembly.fill]))[0])
        return value if np.isfinite(value) else None
    same = np.ptp(follower.gain) == 0.0 and np.ptp(follower.offset) == 0.0
    return float(assembly.fill * follower.gain[0] + follower.offset[0]) if same else None
