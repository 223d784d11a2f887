"""Maps of few channels: their pixels are interleaved with those of other rows, several at a time."""

import numpy as np
import pytest

from tests.compiler_back.graphs import GraphMaker, random_window
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import IntegerGraph, Window
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import PRESETS, load_target
from tileloom.hw.spec.registers import Error
from tileloom.sim.functional.run import run

TARGETS = ("default", "odd", "mac25", "bench/mac64.toml")


def check(maker: GraphMaker, graph: IntegerGraph, name: str, seed: int) -> list[isa.Load]:
    """Compare with the reference; returns the LOADs."""
    target = load_target(PRESETS / name if name.endswith("toml") else name)
    data = maker.data(2)
    program = compile_graph(graph, target)
    expected, result = evaluate(graph, data), run(program, data, bounded=True, fill=77)
    assert result.error is Error.NONE
    for output in graph.outputs:
        np.testing.assert_array_equal(
            result.outputs[output], expected[output], f"seed {seed} on {name}: {program.jobs[0].mapping}"
        )
    return [instruction for instruction in program.instructions if isinstance(instruction, isa.Load)]


@pytest.mark.parametrize("name", TARGETS)
def test_thin_layers_equal_the_reference(name: str) -> None:
    for seed in range(12):
        random = np.random.default_rng(seed)
        maker = GraphMaker(seed)
        height, width = (int(n) for n in random.integers(5, 40, 2))
        source = maker.input(int(random.integers(1, 5)), height, width)
        window = random_window(random, height, width, most=7)
        graph = maker.graph(maker.conv(source, int(random.integers(1, 20)), window))
        check(maker, graph, name, seed)


def test_rows_of_an_image_take_few_elements() -> None:
    """Five rows of 28 pixels interleaved: seven pixels in an element of 32 bytes, and both of a padding at once."""
    maker = GraphMaker(1)
    graph = maker.graph(maker.conv(maker.input(1, 28, 28), 8, Window((5, 5), pads=(2, 2, 2, 2))))
    (load, *_) = check(maker, graph, "mac25", 1)
    assert (load.piece, load.spread, load.elements) == (1, 5, 28 // 7)
    assert (load.pad_left, load.pad_right, load.pad_write) == (1, 1, 2)
