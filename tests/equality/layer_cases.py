"""Random layers as cases: compiled as they are and once more with taps, expected by the integer reference."""

from dataclasses import dataclass

import numpy as np

from tests.equality.case import Case
from tests.equality.graph_text import graph_text
from tests.equality.random_graph import random_graph
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Codes
from tileloom.hw.spec.quant import signed_range

FRAMES = 2
MOST_CYCLES = 6000
"""A frame takes at least so many cycles only where the layer was drawn as a large one ..."""
LARGE = 10
"""... which is so many times larger; every ``LARGE``-th layer is, and runs one frame."""


@dataclass(frozen=True, eq=False)
class LayerCases:
    """What was drawn, and its programs."""

    kind: str
    text: str
    cases: tuple[Case, ...]


def layer_title(seed: int, target: Target) -> str:
    """How messages name a layer."""
    return f"layer, seed {seed}, target {target.name}"


def layer_cases(seed: int, target: Target) -> LayerCases:
    """The programs of layer number ``seed``; ``ModelError`` where the target refuses it."""
    large = seed % LARGE == LARGE - 1
    drawn = random_graph(seed, target, MOST_CYCLES * (LARGE if large else 1))
    text = graph_text(drawn.graph)
    programs = {"as compiled": compile_graph(drawn.graph, target)}
    if len(drawn.graph.operators) > 1:
        programs["with taps"] = compile_graph(drawn.graph, target, taps=True)
    inputs = _data(drawn.maker.data(1 if large else FRAMES), seed, target)
    expected = dict(evaluate(drawn.graph, inputs))
    title = layer_title(seed, target)
    return LayerCases(
        drawn.kind,
        text,
        tuple(
            Case(f"{title}, {name} ({text})", program, inputs, expected, padded=True)
            for name, program in programs.items()
        ),
    )


def _data(codes: dict[str, Codes], seed: int, target: Target) -> dict[str, Codes]:
    """The codes; in one of five cases every element of a frame is at one end of the range."""
    if seed % 5:
        return codes
    ends = signed_range(target.activation_bits)
    return {
        name: np.stack([np.full_like(frame, ends[(seed // 5 + number) % 2]) for number, frame in enumerate(array)])
        for name, array in codes.items()
    }
