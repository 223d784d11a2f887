"""Outputs that the host alone reads lie in planes where that is faster, and never where anything else looks at them."""

import numpy as np

from tests.compiler_back.graphs import GraphMaker
from tests.equality.layer_cases import layer_cases
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import Window
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import PRESETS, load_target
from tileloom.sim.functional.run import run

GRID20 = PRESETS / "bench" / "grid20.toml"
SHARED_PLACE = 329
"""Seed of a network whose output is a place that other tensors share."""


def test_planes_let_tiles_share_rows() -> None:
    target = load_target(PRESETS / "bench" / "mac400.toml")
    maker = GraphMaker(5, segments=target.segments)
    graph = maker.graph(maker.conv(maker.input(1, 60, 70), 16, Window((9, 9))))
    data = maker.data(1)
    program = compile_graph(graph, target)
    assert program.outputs[0].block == target.columns
    assert "4 x 5 tiles" in program.jobs[0].mapping
    result = run(program, data, bounded=True, fill=77)
    for name, values in evaluate(graph, data).items():
        if name in graph.outputs:
            np.testing.assert_array_equal(result.outputs[name], values)


def test_shared_places_keep_their_blocks() -> None:
    for case in layer_cases(SHARED_PLACE, load_target(GRID20)).cases:
        result = run(case.program, case.inputs, taps=True)
        for name, values in {**result.outputs, **result.taps}.items():
            np.testing.assert_array_equal(values, case.expected[name], name)
