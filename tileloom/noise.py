"""Where a network loses its signal: the layer whose output is much farther from the float network than its inputs."""

from collections.abc import Mapping
from dataclasses import dataclass

from tileloom.compiler.graph import IntegerGraph, inputs_of

NOTABLE = 3.0
"""Decibels that a layer may lose without being named."""


@dataclass(frozen=True)
class Loss:
    """Signal to noise in decibels before and behind the operator that writes ``tensor``."""

    tensor: str
    before: float
    behind: float


def greatest_loss(graph: IntegerGraph, signal_to_noise: Mapping[str, float]) -> Loss | None:
    """The tensor that loses most against the worst of the known tensors it is computed from; None below a few decibels.

    ``signal_to_noise`` may leave tensors out: those inside a fused layer, and those equal to the float network's.
    """
    producers = {operator.output: operator for operator in graph.operators}
    sources: dict[str, frozenset[str]] = {}
    for operator in graph.operators:
        known: set[str] = set()
        for name in inputs_of(operator):
            known |= {name} if name in signal_to_noise else sources.get(name, frozenset())
        sources[operator.output] = frozenset(known)
    found = [
        Loss(name, min(signal_to_noise[each] for each in sources[name]), behind)
        for name, behind in signal_to_noise.items()
        if name in producers and sources[name]
    ]
    worst = max(found, key=lambda loss: loss.before - loss.behind, default=None)
    return worst if worst is not None and worst.before - worst.behind >= NOTABLE else None
