"""Layers that are larger than the buffers in every way are cut into parts, and stay exact."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.compiler_back.graphs import GraphMaker
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import Window
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import Target, load_target
from tileloom.hw.spec.registers import Error
from tileloom.sim.functional.run import run

LAYERS: dict[str, tuple[Callable[[GraphMaker], str], str]] = {
    "long vector": (lambda maker: maker.conv(maker.input(9001, 1, 1), 21, Window((1, 1))), "input blocks at a time"),
    "whole map": (lambda maker: maker.conv(maker.input(40, 9, 13), 30, Window((9, 13))), "input blocks at a time"),
    "many taps": (lambda maker: maker.average_pool(maker.input(20, 12, 13), Window((12, 13))), "kernel rows at a time"),
    "large mean": (
        lambda maker: maker.average_pool(maker.input(37, 25, 31), Window((25, 31))),
        "kernel rows at a time",
    ),
    "large maximum": (
        lambda maker: maker.max_pool(maker.input(21, 40, 23), Window((19, 21), (2, 1), (1, 1), (3, 5, 9, 0))),
        "kernel rows at a time",
    ),
    "large depthwise": (
        lambda maker: maker.conv(maker.input(24, 30, 30), 24, Window((25, 9), (1, 2), pads=(12, 4, 12, 4)), groups=24),
        "kernel rows at a time",
    ),
    "large kernel": (
        lambda maker: maker.conv(maker.input(19, 24, 40), 9, Window((17, 15), (3, 2), pads=(8, 7, 8, 7))),
        "kernel rows at a time",
    ),
    "wide apart": (
        lambda maker: maker.conv(maker.input(33, 33, 33), 12, Window((3, 3), (1, 1), (15, 15), (15, 15, 15, 15))),
        "at a time",
    ),
    "many channels": (lambda maker: maker.conv(maker.input(520, 6, 6), 40, Window((3, 3), pads=(1, 1, 1, 1))), "at a"),
    "wide map": (lambda maker: maker.conv(maker.input(5, 6, 700), 17, Window((3, 3), pads=(1, 1, 1, 1))), "strips"),
}
"""Layers, and what their mappings must have."""


def tiny(name: str) -> Target:
    """A target with buffers so small that middling layers are large."""
    return replace(
        load_target(name),
        window_bytes=2048,
        weight_words=80,
        slot_bytes=256,
        residual_bytes=1024,
        accumulator_entries=64,
    )


def mapping_of_exact(layer: str, target: Target) -> str:
    """Compile and compare; what was chosen, in words."""
    make, _ = LAYERS[layer]
    maker = GraphMaker(len(layer), target.segments)
    graph = maker.graph(make(maker))
    program = compile_graph(graph, target)
    data = maker.data(1)
    expected, result = evaluate(graph, data), run(program, data, bounded=True, fill=77)
    assert result.error is Error.NONE
    for output in graph.outputs:
        np.testing.assert_array_equal(result.outputs[output], expected[output])
    return program.jobs[0].mapping


@pytest.mark.parametrize("layer", LAYERS)
def test_a_large_layer_is_cut_and_exact(layer: str) -> None:
    assert LAYERS[layer][1] in mapping_of_exact(layer, tiny("default"))


@pytest.mark.full
@pytest.mark.parametrize("name", ["odd", "small16"])
@pytest.mark.parametrize("layer", LAYERS)
def test_on_other_machines(layer: str, name: str) -> None:
    mapping_of_exact(layer, tiny(name))
