"""A small compiled network for a faulty machine: its layers have names, every tensor of theirs is compared."""

from tests.compiler_back.graphs import GraphMaker
from tests.faults.trials import FRAMES, Trial
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import Window
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import Target
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.functional.run import run


def network_trial(target: Target) -> Trial:
    """Convolutions with padding, an add, both pools, a depthwise layer and a table; the integer reference expects."""
    maker = GraphMaker(5, segments=target.segments)
    pads = (1, 1, 1, 1)
    first = maker.conv(maker.input(5, 9, 10), 6, Window((3, 3), (1, 1), (1, 1), pads))
    added = maker.add(maker.conv(first, 6, Window((1, 1))), first)
    pooled = maker.max_pool(added, Window((2, 2), (2, 2)))
    depthwise = maker.conv(pooled, 6, Window((3, 3), (1, 1), (1, 1), pads), groups=6)
    average = maker.average_pool(depthwise, Window((2, 2), (2, 2)))
    graph = maker.graph(maker.conv(average, 4, Window((1, 2)), table=True))
    program = compile_graph(graph, target, taps=True)
    inputs = maker.data(FRAMES)
    return Trial(
        "network of six layers",
        program,
        inputs,
        dict(evaluate(graph, inputs)),
        True,
        run(program, inputs, taps=True),
        simulate(program, frames=FRAMES),
    )
