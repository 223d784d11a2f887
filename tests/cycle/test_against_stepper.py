"""The simulator equals the plain stepper in cycles, trace and every stall, on random programs and memories."""

import random

import pytest

from tests.cycle.random_timing import random_memory, random_target, random_timing_program
from tests.cycle.stepping.parts import Hang
from tests.cycle.stepping.stepper import Stepper
from tileloom.hw.spec.config import MemoryModel, load_target
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.result import FrameTiming
from tileloom.sim.cycle.deadlock import Deadlock
from tileloom.sim.cycle.simulate import simulate

TARGETS = ("default", "small", "odd", "mac25", "small16")


def stepped(program: Program, memory: MemoryModel) -> FrameTiming | None:
    try:
        return Stepper(program, memory).run()
    except Hang:
        return None


def simulated(program: Program, memory: MemoryModel) -> FrameTiming | None:
    try:
        return simulate(program, memory).frames[0]
    except Deadlock:
        return None


def compare(seed: int) -> None:
    rng = random.Random(seed)
    target = load_target(rng.choice(TARGETS)) if seed % 2 else random_target(rng)
    program = random_timing_program(seed, target, rng.randint(1, 6))
    memory = random_memory(rng)
    assert simulated(program, memory) == stepped(program, memory), f"seed {seed}, {memory}"


@pytest.mark.parametrize("block", range(4))
def test_random_programs(block: int) -> None:
    for seed in range(20 * block, 20 * block + 20):
        compare(seed)


@pytest.mark.full
@pytest.mark.parametrize("block", range(20))
def test_many_random_programs(block: int) -> None:
    for seed in range(100 + 100 * block, 200 + 100 * block):
        compare(seed)
