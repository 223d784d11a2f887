"""How busy the machines are: one isolated frame by the RTL's own counter, everything included."""

import pytest

from tests.compiler_back.graphs import GraphMaker
from tests.equality.case import Case
from tests.equality.machine import Machine
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import Window
from tileloom.compiler.reference import evaluate
from tileloom.hw.build import build
from tileloom.hw.spec.config import load_target
from tileloom.verbs.bench import bench

CHANNELS, SIDE = 32, 28
LEAST = 0.75
MOST_CYCLES = 24_000


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_layer_of_32_channels_on_default(kernel: int) -> None:
    """MACs over cycles times multipliers."""
    target = load_target("default")
    maker = GraphMaker(kernel)
    pads = (kernel // 2,) * 4
    graph = maker.graph(maker.conv(maker.input(CHANNELS, SIDE, SIDE), CHANNELS, Window((kernel, kernel), pads=pads)))
    inputs = maker.data(1)
    case = Case(f"{kernel}x{kernel}", compile_graph(graph, target), inputs, dict(evaluate(graph, inputs)), padded=True)
    machine = Machine(build(target).library)
    try:
        outcome = machine.check(case)
    finally:
        machine.close()
    assert not outcome.differences, "\n".join(outcome.differences)
    macs = graph.macs(graph.operators[0])
    assert macs == (CHANNELS * SIDE * kernel) ** 2
    utilisation = macs / (outcome.cycles * target.macs_per_cycle)
    print(f"{kernel}x{kernel}: {outcome.cycles} cycles, utilisation {utilisation:.3f}")
    assert LEAST <= utilisation <= 1


def test_lenet5_on_25_multipliers() -> None:
    (row,) = bench("lenet5", target="mac25", engine="rtl").rows
    print(f"lenet5 on mac25: {row.cycles} cycles, utilisation {row.value:.3f}")
    assert row.macs == 416_520
    assert row.cycles <= MOST_CYCLES
