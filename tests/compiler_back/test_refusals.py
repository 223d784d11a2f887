"""What the back end refuses, and that it says why."""

from dataclasses import replace

import pytest

from tests.compiler_back.graphs import GraphMaker
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import Window
from tileloom.compiler.problems import ModelError
from tileloom.hw.spec.config import load_target


def test_a_kernel_row_larger_than_the_window_is_refused_with_both_sizes() -> None:
    target = load_target("small")
    maker = GraphMaker(0, target.segments)
    output = maker.conv(maker.input(4, 2, 4000), 2, Window((1, 3000)))
    with pytest.raises(ModelError) as refused:
        compile_graph(maker.graph(output), target)
    (problem,) = refused.value.problems
    assert problem.code == "TL501"
    assert problem.source == "net.py:1"
    assert "3000 columns x 4 channels = 12000 window bytes" in problem.value
    assert "8192" in problem.value


def test_every_layer_that_lacks_a_unit_is_named() -> None:
    target = replace(load_target("default"), channelwise=False, residual_bytes=0)
    maker = GraphMaker(0, 128)
    source = maker.input(8, 8, 8)
    added = maker.add(maker.max_pool(source, Window((2, 2), (2, 2))), maker.conv(source, 8, Window((2, 2), (2, 2))))
    output = maker.conv(added, 8, Window((1, 1)), table=True)
    with pytest.raises(ModelError) as refused:
        compile_graph(maker.graph(output), target)
    found = {(problem.node.split("_")[0], problem.value) for problem in refused.value.problems}
    assert found == {("MaxPool", "channelwise = false"), ("Add", "residual_bytes = 0"), ("Conv", "segments = 64")}


def test_layers_without_their_own_unit_run_on_the_multipliers() -> None:
    target = replace(load_target("default"), channelwise=False, pool=False)
    maker = GraphMaker(0, target.segments)
    source = maker.input(8, 8, 8)
    pooled = maker.average_pool(maker.conv(source, 8, Window((3, 3)), groups=8), Window((2, 2), (2, 2)))
    program = compile_graph(maker.graph(pooled), target)
    assert [job.op for job in program.jobs] == ["Conv", "AveragePool"]
