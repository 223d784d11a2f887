"""Share grids: maps between which codes pass unchanged get one grid, or a change of grid between them.

Requires: quantisers absorbed; assemblies and extrema not yet calibrated. Ensures: the inputs and the output of each
such operator all have the same quantisation, or all none (calibration then finds one for all). A map takes the grid of
its reader where nobody else reads it; otherwise a Requantise stands between.
"""

from dataclasses import replace
from math import inf

from tileloom.compiler.grid_groups import KeepsCodes
from tileloom.compiler.real_graph import Clamp, Map, RealGraph, RealOperator, Requantise, inputs_of, reading


def share_grids(graph: RealGraph) -> RealGraph:
    """Spread the given grids, then mend what still differs."""
    maps = dict(graph.maps)
    while _spread(graph, maps):
        pass
    operators: list[RealOperator] = []
    moved: dict[tuple[str, str], str] = {}
    for operator in graph.operators:
        if isinstance(operator, KeepsCodes):
            wanted = maps[operator.output].quantisation
            names = {}
            for name in inputs_of(operator):
                if maps[name].quantisation == wanted:
                    continue
                key = (name, repr(wanted))
                if key not in moved:
                    moved[key] = _name(f"{name}/grid", maps)
                    operators.append(_change(operator, maps[name], moved[key], maps[operator.output]))
                    maps[moved[key]] = replace(maps[name], name=moved[key], quantisation=wanted)
                names[name] = moved[key]
            operator = reading(operator, names)
        operators.append(operator)
    return replace(graph, maps=maps).with_operators(operators)


def _spread(graph: RealGraph, maps: dict[str, Map]) -> bool:
    """Hand given grids on, one step each; whether anything changed."""
    uses = graph.uses()
    changed = False
    for operator in graph.operators:
        if not isinstance(operator, KeepsCodes):
            continue
        written = maps[operator.output].quantisation
        names = inputs_of(operator)
        if written is None:
            grids = {maps[name].quantisation for name in names}
            if len(grids) == 1 and None not in grids:
                maps[operator.output] = replace(maps[operator.output], quantisation=grids.pop())
                changed = True
            continue
        for name in names:
            if maps[name].quantisation is None and uses[name] == 1:
                maps[name] = replace(maps[name], quantisation=written)
                changed = True
    return changed


def _change(operator: RealOperator, read: Map, name: str, written: Map) -> RealOperator:
    """A copy of a map on the grid of another; calibration chooses it if that has none."""
    if written.quantisation is None:
        return Clamp(operator.source, read.name, name, -inf, inf)
    return Requantise(operator.source, read.name, name, written.quantisation)


def _name(name: str, maps: dict[str, Map]) -> str:
    while name in maps:
        name += "'"
    return name
