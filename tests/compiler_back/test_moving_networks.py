"""Networks that move data between layers, plain and with taps, against the integer reference."""

import numpy as np
import pytest

from tests.compiler_back.moving_networks import moving_network
from tests.complete_targets import COMPLETE
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.program import program_from_bytes
from tileloom.hw.spec.registers import Error
from tileloom.sim.functional.run import run


def check(seed: int, name: str) -> None:
    """Outputs of the plain program, and every tensor of the one with taps, after a trip through the file format."""
    target = load_target(name)
    maker, graph = moving_network(seed, target)
    data = maker.data(1)
    expected = evaluate(graph, data)
    for taps in (False, True):
        program = program_from_bytes(compile_graph(graph, target, taps=taps).to_bytes())
        result = run(program, data, taps=taps, bounded=True, fill=77)
        assert result.error is Error.NONE
        for tensor, codes in {**result.outputs, **result.taps}.items():
            np.testing.assert_array_equal(codes, expected[tensor], f"{tensor}, seed {seed} on {name}, taps {taps}")
        if taps:
            assembled = {operator.output for operator in graph.operators if operator.source.op == "Assemble"}
            assert assembled <= {*result.outputs, *result.taps}


@pytest.mark.parametrize("name", ["default", "small", "odd"])
def test_moving_network_equals_reference(name: str) -> None:
    for seed in range(4):
        check(seed, name)


@pytest.mark.full
@pytest.mark.parametrize("name", COMPLETE)
def test_many_moving_networks_equal_reference(name: str) -> None:
    for seed in range(4, 60):
        check(seed, name)
