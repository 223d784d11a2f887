"""Three networks alternately on one machine of the default target, without a reset or another build between them."""

import random

import numpy as np
import pytest

from tests.equality.case import Case
from tests.equality.machine import Machine
from tests.face.test_cases import model
from tileloom.compilation import compile_quantised, quantise_model
from tileloom.compiler.reference import evaluate
from tileloom.frames import frames_for
from tileloom.hw.build import build
from tileloom.hw.spec.config import Target, load_target
from tileloom.model_argument import find

NETWORKS = ("lenet5", "digits_modern", "mnist8_cntk")
FRAMES = 6
"""Of each network, in random order."""


def frames_of(name: str, target: Target) -> list[Case]:
    """One case for each frame, as compiled, expected by the integer reference."""
    path, data = model(name)
    argument = find(path)
    quantised = quantise_model(argument, target, data, data, seed=0)
    program = compile_quantised(quantised, target)
    inputs = [quantised.graph.tensors[tensor] for tensor in quantised.graph.inputs]
    codes = frames_for(inputs, data, FRAMES, 0, argument).codes
    expected = evaluate(quantised.graph, codes)
    return [
        Case(
            f"{name}, frame {frame}, target {target.name}",
            program,
            {tensor: array[frame : frame + 1] for tensor, array in codes.items()},
            {tensor: array[frame : frame + 1] for tensor, array in expected.items()},
            padded=True,
        )
        for frame in range(FRAMES)
    ]


@pytest.mark.parametrize("names", [NETWORKS[:2], NETWORKS], ids=["the zoo's", "and a stranger's"])
def test_networks_alternate_on_one_machine(names: tuple[str, ...]) -> None:
    target = load_target("default")
    cases = [case for name in names for case in frames_of(name, target)]
    random.Random(20).shuffle(cases)
    built = build(target)
    machine = Machine(built.library)
    only = machine.engine
    try:
        outcomes = [machine.check(case) for case in cases]
        differences = [difference for outcome in outcomes for difference in outcome.differences]
        assert not differences, "\n".join(differences)
        assert all(outcome.elements > 0 and outcome.jobs > 0 for outcome in outcomes)
        assert machine.engine is only
        assert only.total_cycles > sum(outcome.cycles for outcome in outcomes)
    finally:
        machine.close()
    assert build(target).verilog_hash == built.verilog_hash == only.library.verilog_hash


def test_frames_of_a_network_differ() -> None:
    """Else the order would not matter."""
    cases = frames_of("lenet5", load_target("default"))
    (name,) = cases[0].program.inputs
    assert len({case.inputs[name.name].tobytes() for case in cases}) == FRAMES
    assert any(
        not np.array_equal(cases[0].expected[t.name], c.expected[t.name]) for c in cases for t in c.program.outputs
    )
