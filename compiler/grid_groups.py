"""Which maps must lie on one grid, because codes pass an operator unchanged."""

from tileloom.compiler.real_graph import Assembly, Extremum, MaximumPool, RealGraph, RealOperator, inputs_of

KeepsCodes = MaximumPool | Assembly | Extremum
"""Operators whose inputs and output share scale and zero point."""


def grid_groups(graph: RealGraph) -> list[tuple[str, ...]]:
    """Maps without a quantisation, in groups that share one; in the order in which the graph computes them."""
    first: dict[str, str] = {name: name for name, map_ in graph.maps.items() if map_.quantisation is None}

    def root(name: str) -> str:
        while first[name] != name:
            name = first[name]
        return name

    for operator in graph.operators:
        if isinstance(operator, KeepsCodes):
            tied = [root(name) for name in (*inputs_of(operator), operator.output) if name in first]
            for other in tied[1:]:
                first[root(other)] = root(tied[0])
    groups: dict[str, list[str]] = {}
    for name in [*graph.inputs, *(operator.output for operator in graph.operators)]:
        if name in first:
            groups.setdefault(root(name), []).append(name)
    return [tuple(group) for group in groups.values()]


def is_root(operator: RealOperator | None) -> bool:
    """Whether the values that an operator writes (None: a network input) are new, not those of other maps."""
    return not isinstance(operator, KeepsCodes)
