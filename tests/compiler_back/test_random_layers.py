"""Random layers, compiled and run on the functional engine, against the integer reference."""

import numpy as np
import pytest

from tests.compiler_back.random_layers import KINDS, random_layer
from tests.complete_targets import COMPLETE
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.registers import Error
from tileloom.sim.functional.run import run

SEEDS = 2
"""Seeds of each kind and target in `make test`."""


def check(seed: int, kind: str, name: str) -> None:
    """One layer, every output code equal."""
    target = load_target(name)
    maker, graph = random_layer(seed, kind, target)
    data = maker.data(2)
    expected = evaluate(graph, data)
    program = compile_graph(graph, target)
    result = run(program, data)
    assert result.error is Error.NONE
    for output in graph.outputs:
        np.testing.assert_array_equal(result.outputs[output], expected[output], f"{kind} seed {seed} on {name}")


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("kind", KINDS)
def test_random_layer_equals_reference(kind: str, name: str) -> None:
    for seed in range(SEEDS):
        check(seed, kind, name)


@pytest.mark.full
@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("kind", KINDS)
def test_many_random_layers_equal_reference(kind: str, name: str) -> None:
    for seed in range(SEEDS, 60):
        check(seed, kind, name)
