"""Whole networks, plain and with taps, on the functional engine against the integer reference."""

import numpy as np
import pytest

from tests.compiler_back.random_networks import random_network
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
    maker, graph = random_network(seed, target)
    data = maker.data(2)
    expected = evaluate(graph, data)
    for taps in (False, True):
        program = program_from_bytes(compile_graph(graph, target, taps=taps).to_bytes())
        result = run(program, data, taps=taps, bounded=True, fill=77)
        assert result.error is Error.NONE
        for tensor, codes in {**result.outputs, **result.taps}.items():
            np.testing.assert_array_equal(codes, expected[tensor], f"{tensor}, seed {seed} on {name}, taps {taps}")


@pytest.mark.parametrize("name", COMPLETE)
def test_random_network_equals_reference(name: str) -> None:
    for seed in range(3):
        check(seed, name)


@pytest.mark.full
@pytest.mark.parametrize("name", COMPLETE)
def test_many_random_networks_equal_reference(name: str) -> None:
    for seed in range(3, 60):
        check(seed, name)


def test_taps_list_every_stored_tensor_and_move_no_job() -> None:
    target = load_target("default")
    _, graph = random_network(3, target)
    plain, tapped = compile_graph(graph, target), compile_graph(graph, target, taps=True)
    assert [(job.name, job.op) for job in plain.jobs] == [(job.name, job.op) for job in tapped.jobs]
    assert len(tapped.taps) + len(tapped.outputs) == len(tapped.jobs)
    assert all(tap.space == 0 for tap in tapped.taps)


def test_same_graph_gives_same_program() -> None:
    target = load_target("odd")
    _, graph = random_network(5, target)
    assert compile_graph(graph, target).to_bytes() == compile_graph(graph, target).to_bytes()
