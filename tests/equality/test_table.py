"""The table of utilisations: every goal is reached, and the RTL takes exactly the cycles that reach it."""

import re
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.equality.case import Case
from tests.equality.machine import Machine
from tileloom.bench.goals import GOALS, Goal, machine, multipliers
from tileloom.bench.measure import measure, random_codes
from tileloom.bench.networks import integer_graph
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.reference import evaluate
from tileloom.hw.build import build
from tileloom.hw.spec.config import load_target
from tileloom.hw.verilog import make_verilog

QUICK = (("dscnn", "mac256"), ("lenet5", "mac25"), ("lenet5", "mac100"), ("filter_bank", "mac400"))
ON_RTL = (("dscnn", "mac256"), ("lenet5", "mac25"), ("lenet5", "mac100"))
MODULE = re.compile(r"^module (\\\S+|\w+)(.*?)^endmodule", re.DOTALL | re.MULTILINE)
INSTANCE = re.compile(r"^  (?:\(\*.*\*\) )?(\\\S+|\w+) +\S+ +\($", re.MULTILINE)


def rows(quick: Sequence[tuple[str, str]], *, convolutions: bool = True) -> list[object]:
    """Rows as parameters; all but ``quick`` are marked as taking long."""
    chosen: list[object] = []
    for goal in [goal for goal in GOALS if convolutions or not goal.convolutions]:
        marks = [] if (goal.network, goal.target) in quick else [pytest.mark.full]
        chosen.append(pytest.param(goal, id=f"{goal.network}-{goal.target}", marks=marks))
    return chosen


@pytest.mark.parametrize("goal", rows(QUICK))
def test_goal_is_reached_and_nothing_is_lost_without_a_cause(goal: Goal) -> None:
    found = measure(goal)
    peak = machine(goal.target).macs_per_cycle
    least = goal.value or found.macs / (goal.cycles * peak)
    assert found.value >= least, (found.cycles, found.value, least)
    assert found.value > max(peer.value for peer in goal.peers)
    if least >= 0.9:
        assert found.least_cycles / found.cycles >= 0.9
    assert found.value + sum(found.lost.values()) == pytest.approx(1, abs=1e-9)
    assert sum(layer.cycles for layer in found.layers) == found.cycles
    assert sum(layer.value for layer in found.layers) == pytest.approx(found.value, abs=0.001)


@pytest.mark.parametrize("goal", rows(ON_RTL, convolutions=False))
def test_rtl_takes_the_same_cycles(goal: Goal) -> None:
    graph, target = integer_graph(goal.network), machine(goal.target)
    inputs = random_codes(graph)
    case = Case(goal.network, compile_graph(graph, target), inputs, dict(evaluate(graph, inputs)), padded=True)
    hardware = Machine(build(target).library)
    try:
        outcome = hardware.check(case)
    finally:
        hardware.close()
    assert not outcome.differences, "\n".join(outcome.differences)
    assert outcome.cycles == measure(goal).cycles


@pytest.mark.parametrize("name", ["small", "odd"])
def test_multipliers_are_those_of_the_verilog(name: str) -> None:
    target = load_target(name)
    bodies = dict(MODULE.findall(make_verilog(target)))

    def count(module: str) -> Counter[str]:
        own = bodies[module].count(" * ")
        found = Counter({module.rpartition(".")[2]: own} if own else {})
        for instance in INSTANCE.findall(bodies[module]):
            if instance in bodies:
                found += count(instance)
        return found

    stated = {unit.removeprefix("mac_"): number for unit, number in multipliers(target).items()}
    assert count("tileloom") == stated
