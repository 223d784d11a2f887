"""Sums in chunks of a reduction that is longer than the weight ring."""

import numpy as np

from tests.compiler_back.graphs import GraphMaker
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import Window
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import PRESETS, load_target
from tileloom.sim.functional.run import run


def test_chunks_reach_on_from_the_smallest_band_too() -> None:
    """Kernel rows far apart, summed up in chunks: a last band of fewer rows still spans the way to the next chunk."""
    target = load_target(PRESETS / "bench" / "mac256.toml")
    maker = GraphMaker(0, target.segments)
    window = Window((11, 11), dilation=(3, 1), pads=(8, 5, 0, 3))
    graph = maker.graph(maker.conv(maker.input(42, 33, 3), 55, window))
    data = maker.data(1)
    result, expected = run(compile_graph(graph, target), data, bounded=True), evaluate(graph, data)
    np.testing.assert_array_equal(result.outputs[graph.outputs[0]], expected[graph.outputs[0]])
