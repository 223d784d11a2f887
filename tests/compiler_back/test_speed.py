"""Cycles that the compiler's mappings must reach, by the cycle simulator."""

import pytest

from tests.compiler_back.graphs import GraphMaker
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import Window
from tileloom.hw.spec.config import load_target
from tileloom.sim.cycle.simulate import simulate


@pytest.mark.parametrize(("kernel", "least"), [(1, 0.79), (3, 0.94), (5, 0.96)])
def test_layers_of_32_channels_keep_the_default_target_busy(kernel: int, least: float) -> None:
    target = load_target("default")
    maker = GraphMaker(1, target.segments)
    pad = kernel // 2
    output = maker.conv(maker.input(32, 28, 28), 32, Window((kernel, kernel), pads=(pad, pad, pad, pad)))
    program = compile_graph(maker.graph(output), target)
    cycles = simulate(program).frames[0].cycles
    assert program.jobs[0].macs / target.macs_per_cycle / cycles >= least


def test_lenet_shaped_network_takes_few_cycles_on_mac25() -> None:
    target = load_target("mac25")
    maker = GraphMaker(1, target.segments)
    here = maker.average_pool(maker.conv(maker.input(1, 32, 32), 6, Window((5, 5))), Window((2, 2), (2, 2)))
    here = maker.average_pool(maker.conv(here, 16, Window((5, 5))), Window((2, 2), (2, 2)))
    here = maker.conv(maker.conv(here, 120, Window((5, 5))), 84, Window((1, 1)))
    program = compile_graph(maker.graph(maker.conv(here, 10, Window((1, 1)))), target)
    assert sum(job.macs for job in program.jobs) == 416_520
    assert simulate(program).frames[0].cycles <= 25_000
