"""Random programs on the RTL: data as the functional simulator, cycles, trace and stalls as the cycle simulator."""

import os
import random

import numpy as np
import pytest

from tests.programs.random_program import random_inputs, random_program
from tileloom.hw.build import build
from tileloom.hw.spec.config import MemoryModel, load_target
from tileloom.hw.spec.result import FrameTiming
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.functional.run import run
from tileloom.sim.rtl.engine import RtlEngine

TARGETS = ["small", "odd", "mac25", "small16", "default"]
FRAMES = 2
CYCLE_LIMIT = 2_000_000
FULL_SEEDS = int(os.environ.get("TILELOOM_RANDOM_PROGRAMS", "1000"))


def random_memory(rng: random.Random) -> MemoryModel:
    """Latencies from least to long, often with pauses, some of them long."""
    period = rng.choice([0, 0, 2, 7, 16, 50])
    return MemoryModel(
        read_latency=rng.choice([1, 2, 5, 40, 100]),
        write_latency=rng.choice([1, 3, 10, 50]),
        pause_period=period,
        pause_cycles=rng.randrange(period) if period else 0,
    )


def first_difference(simulated: FrameTiming, rtl: FrameTiming) -> str:
    """The first job or stall in which two timings differ."""
    for ours, theirs in zip(simulated.trace, rtl.trace, strict=False):
        if ours != theirs:
            return f"simulated {ours}, RTL {theirs}"
    for tile, (expected, found) in enumerate(zip(simulated.stalls, rtl.stalls, strict=True)):
        if expected != found:
            return f"tile {tile}: simulated {expected}, RTL {found}"
    return f"simulated {simulated.cycles} cycles and {len(simulated.trace)} jobs, RTL {rtl.cycles} and {len(rtl.trace)}"


def compare(engine: RtlEngine, seed: int) -> None:
    """One random program, two frames with a memory model, one with random pauses."""
    program = random_program(seed, engine.target, 1 + seed % 4)
    inputs = random_inputs(program, seed, FRAMES)
    memory = random_memory(random.Random(seed))
    expected = run(program, inputs)
    timing = simulate(program, memory).frames[0]
    for pauses in (None, seed):
        result = engine.run(program, inputs, memory, random_pauses_seed=pauses, cycle_limit=CYCLE_LIMIT)
        context = f"seed {seed}, {memory}, random pauses {pauses}"
        assert result.error == expected.error, context
        for name, codes in expected.outputs.items():
            wrong = np.argwhere(codes != result.outputs[name])
            assert not len(wrong), f"{context}: {name} differs first at {wrong[0]} of {len(wrong)}"
        for frame in result.frames if pauses is None else ():
            assert frame == timing, f"{context}: {first_difference(timing, frame)}"


@pytest.mark.parametrize("name", TARGETS)
def test_random_programs(name: str) -> None:
    with RtlEngine(build(load_target(name)).library) as engine:
        for seed in range(40):
            compare(engine, seed)


@pytest.mark.full
@pytest.mark.parametrize("name", TARGETS)
def test_many_random_programs(name: str) -> None:
    with RtlEngine(build(load_target(name)).library) as engine:
        for seed in range(40, FULL_SEEDS):
            compare(engine, seed)
