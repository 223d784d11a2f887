"""Absorb quantisers: the model's QuantizeLinear nodes become properties of maps.

Requires: a lowered graph. Ensures: a Requantise is left only where a map already lies on another grid; a max pool's
input and output have the same quantisation, because codes pass it unchanged. Inputs are rounded to the nearest by
whoever feeds them, so that a grid that rounds downwards is never theirs.
"""

from dataclasses import replace

from tileloom.compiler.real_graph import Clamp, MaximumPool, RealGraph, RealOperator, Requantise, reading
from tileloom.hw.spec.quant import Rounding


def absorb_quantisers(graph: RealGraph) -> RealGraph:
    """Move quantisations from operators to maps."""
    maps = dict(graph.maps)
    pools: dict[str, str] = {}
    names: dict[str, str] = {}
    kept: list[RealOperator] = []

    def root(name: str) -> str:
        while name in pools:
            name = pools[name]
        return name

    for original in graph.operators:
        operator = reading(original, names)
        if isinstance(operator, MaximumPool):
            pools[operator.output] = operator.input
        if isinstance(operator, Requantise):
            source = root(operator.input)
            if source in graph.inputs and operator.quantisation.rounding is not Rounding.HALF_EVEN:
                maps[operator.output] = replace(maps[operator.output], quantisation=operator.quantisation)
                kept.append(operator)
                continue
            if maps[source].quantisation is None:
                maps[source] = replace(maps[source], quantisation=operator.quantisation)
            if maps[source].quantisation == operator.quantisation:
                names[operator.output] = operator.input
                continue
            maps[operator.output] = replace(maps[operator.output], quantisation=operator.quantisation)
        kept.append(operator)
    for name in pools:
        maps[name] = replace(maps[name], quantisation=maps[root(name)].quantisation)
    return _with_output_names(replace(graph, maps=maps), kept, names)


def _with_output_names(graph: RealGraph, operators: list[RealOperator], names: dict[str, str]) -> RealGraph:
    """Outputs whose quantiser is gone hand their name to the map that it wrote; two names for one map need a copy."""
    maps = dict(graph.maps)
    taken = {*graph.inputs, *graph.outputs}
    renamed: dict[str, str] = {}
    for output in graph.outputs:
        origin = names.get(output)
        if origin is None:
            continue
        user = maps[output]
        if origin in taken:
            maps[output] = replace(user, quantisation=maps[origin].quantisation)
            source = next(operator.source for operator in graph.operators if operator.output == output)
            operators = [*operators, Clamp(source, origin, output, float("-inf"), float("inf"))]
            continue
        taken.add(origin)
        renamed[origin] = output
        maps[output] = replace(maps[origin], name=output, shape=user.shape, channels_last=user.channels_last)
    result = tuple(
        replace(reading(operator, renamed), output=renamed.get(operator.output, operator.output))
        for operator in operators
    )
    return replace(graph, maps=maps).with_operators(result)
