"""The table of utilisations: every goal is reached, and the RTL takes exactly the cycles that reach it."""

import numpy as np
import pytest

from benchmarks.utilisation import CASES, GOALS, Goal, measure, network, target
from tests.equality.case import Case
from tests.equality.machine import Machine
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import IntegerGraph
from tileloom.compiler.reference import evaluate
from tileloom.hw.build import build
from tileloom.hw.spec.program import Codes, code_type

QUICK = (("dscnn", "mac256"), ("lenet5", "mac25"), ("lenet5", "mac100"), ("digits_modern", "default"))
FOLDERS = {"resnet8": "cifar_resnet8", "dscnn": "kws_dscnn"}


def rows(*, quick: bool) -> list[object]:
    """Rows as parameters; those that take long are marked where ``quick``."""
    chosen: list[object] = []
    for goal in GOALS:
        marks = [] if quick and (goal.network, goal.target) in QUICK else [pytest.mark.full]
        chosen.append(pytest.param(goal, id=f"{goal.network}-{goal.target}", marks=marks))
    return chosen


def graph_of(goal: Goal) -> IntegerGraph:
    if goal.network in FOLDERS and not (CASES / FOLDERS[goal.network]).exists():
        pytest.skip("the case networks are not here: set TILELOOM_CASES to their folder")
    return network(goal.network)


@pytest.mark.parametrize("goal", rows(quick=True))
def test_goal_is_reached_and_nothing_is_lost_without_a_cause(goal: Goal) -> None:
    graph_of(goal)
    found = measure(goal)
    assert found.reached is not False, (found.cycles, found.value, found.goal)
    assert found.value + sum(found.lost.values()) == pytest.approx(1, abs=1e-9)
    assert sum(layer.cycles for layer in found.layers) == found.cycles
    assert sum(layer.value for layer in found.layers) == pytest.approx(found.value, abs=1e-9)


@pytest.mark.parametrize("goal", rows(quick=False))
def test_rtl_takes_the_same_cycles(goal: Goal) -> None:
    graph, machine_target = graph_of(goal), target(goal.target)
    inputs = random_codes(graph)
    case = Case(goal.network, compile_graph(graph, machine_target), inputs, dict(evaluate(graph, inputs)), padded=True)
    machine = Machine(build(machine_target).library)
    try:
        outcome = machine.check(case)
    finally:
        machine.close()
    assert not outcome.differences, "\n".join(outcome.differences)
    assert outcome.cycles == measure(goal).cycles


def random_codes(graph: IntegerGraph) -> dict[str, Codes]:
    """One frame of random codes for every input."""
    random, found = np.random.default_rng(1), {}
    for name in graph.inputs:
        tensor = graph.tensors[name]
        shape = (1, tensor.channels, tensor.height, tensor.width)
        found[name] = random.integers(tensor.low, tensor.high + 1, shape).astype(
            code_type(2 if tensor.high > 127 else 1)
        )
    return found
