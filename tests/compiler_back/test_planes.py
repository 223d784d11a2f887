"""Tensors in planes of ``columns`` channels: chains of depthwise layers and pools between dense ones and additions."""

import numpy as np
import pytest

from tests.compiler_back.graphs import GraphMaker, random_window
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import IntegerGraph, Window
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import PRESETS, Target, load_target
from tileloom.hw.spec.registers import Error
from tileloom.sim.functional.run import run

TARGETS = ("default", "odd", "bench/mac64.toml", "bench/mac256.toml")


def chain(seed: int, target: Target) -> tuple[GraphMaker, IntegerGraph]:
    """Dense and channelwise layers in turn; now and then an earlier map of the same size is added or read twice."""
    random = np.random.default_rng(seed)
    maker = GraphMaker(seed, segments=target.segments)
    size = (int(random.integers(5, 30)), int(random.integers(5, 20)))
    here = maker.input(int(random.integers(1, 70)), *size)
    if random.random() < 0.5:
        here = maker.conv(here, int(random.integers(9, 90)), Window((1, 1)))
    for _ in range(int(random.integers(2, 6))):
        before, tensor = here, maker.tensors[here]
        window = random_window(random, tensor.height, tensor.width, most=4)
        match random.choice(["depthwise", "depthwise", "same", "max", "average", "dense"]):
            case "depthwise":
                here = maker.conv(here, tensor.channels, window, groups=tensor.channels)
            case "same":
                window = Window((3, 3), pads=(1, 1, 1, 1))
                here = maker.conv(here, tensor.channels, window, groups=tensor.channels)
                here = maker.add(here, before) if random.random() < 0.5 else here
            case "max":
                here = maker.max_pool(here, window)
            case "average":
                here = maker.average_pool(here, window)
            case "dense":
                here = maker.conv(here, int(random.integers(1, 90)), Window((1, 1)))
    outputs = {here, *(o.output for o in maker.operators if not maker.graph().consumers(o.output))}
    return maker, maker.graph(*sorted(outputs))


def check(seed: int, name: str) -> None:
    target = load_target(PRESETS / name if name.endswith("toml") else name)
    maker, graph = chain(seed, target)
    data = maker.data(2)
    program = compile_graph(graph, target, taps=seed % 2 == 0)
    expected, result = evaluate(graph, data), run(program, data, bounded=True, fill=77)
    assert result.error is Error.NONE
    for output in graph.outputs:
        np.testing.assert_array_equal(result.outputs[output], expected[output], f"seed {seed} on {target.name}")


@pytest.mark.parametrize("name", TARGETS)
def test_chain_equals_reference(name: str) -> None:
    for seed in range(3):
        check(seed, name)


@pytest.mark.full
@pytest.mark.parametrize("name", TARGETS)
def test_many_chains_equal_reference(name: str) -> None:
    for seed in range(100, 160):
        check(seed, name)


def test_planes_where_only_channelwise_layers_read() -> None:
    """The map before a depthwise layer has blocks of ``columns`` channels, the map behind it whole ones."""
    target = load_target("default")
    maker = GraphMaker(1)
    dense = maker.conv(maker.input(16, 8, 8), 48, Window((1, 1)))
    deep = maker.conv(dense, 48, Window((3, 3), pads=(1, 1, 1, 1)), groups=48)
    graph = maker.graph(maker.conv(deep, 16, Window((1, 1))))
    blocks = {tap.name: tap.block for tap in compile_graph(graph, target, taps=True).taps}
    assert blocks == {dense: target.columns, deep: target.channel_block}
