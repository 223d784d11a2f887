"""Cycle counts that can be followed by hand, programs of the random generator, and the simulator's promises."""

import random
import re
import subprocess
import sys

import pytest

from tests.cycle.hangs import DEFAULT, HANGS, JOB, LOAD, STORE, WEIGHTS, program_of
from tests.cycle.random_timing import random_memory
from tests.cycle.stepping.stepper import Stepper
from tests.programs.random_program import random_program
from tileloom.hw.spec import isa, timing
from tileloom.hw.spec.config import MemoryModel, load_target
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import Cause, Error
from tileloom.sim.cycle.deadlock import Deadlock
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.functional import faults as functional
from tileloom.sim.functional.run import run


def test_empty_program_by_hand() -> None:
    # P computes in cycle 1, is granted in 2, requests in 3; five words are two beats; END's header is popped as the
    # fifth, and is over one cycle later.
    first_word = 3 + 40 + timing.PROGRAM_LATENCY
    result = simulate(program_of(DEFAULT), MemoryModel(read_latency=40))
    assert result.frames[0].cycles == first_word + 4 + 1
    assert result.program_counter == 4
    assert result.frames[0].trace == ()
    assert all(stalls[Cause.JOB] == result.frames[0].cycles for stalls in result.frames[0].stalls)


def test_one_job_by_hand() -> None:
    timing_of = simulate(program_of(DEFAULT, LOAD, WEIGHTS, JOB, STORE), MemoryModel(read_latency=1)).frames[0]
    # One unit: a constant word, then one pixel of two steps.
    (job,) = timing_of.trace
    assert job.end - job.start + 1 == 3
    assert timing_of.stalls[0][Cause.RUN] == 3
    assert timing_of.stalls[0][Cause.START] == 1
    # The slot is full, SLOT, COMPUTE, ADDRESS, one read; its beat, its response, its retirement.
    full = job.end + timing.result_latency(DEFAULT)
    assert timing_of.cycles == full + 3 + timing.WRITE_LATENCY + DEFAULT.memory.write_latency + timing.WRITE_RETIRE


def test_every_cycle_has_one_cause() -> None:
    for seed in range(8):
        target = load_target(("default", "small", "odd", "mac25")[seed % 4])
        for frame in simulate(random_program(seed, target), frames=2).frames:
            assert all(sum(stalls.values()) == frame.cycles for stalls in frame.stalls), f"seed {seed}"


@pytest.mark.parametrize("name", ["default", "small", "odd", "mac25"])
def test_random_programs_against_stepper(name: str) -> None:
    for seed in range(6):
        rng = random.Random(seed)
        program = random_program(seed, load_target(name), 4)
        memory = random_memory(rng)
        assert simulate(program, memory).frames[0] == Stepper(program, memory).run(), f"seed {seed}, {memory}"


def test_frames_are_alike_and_apart() -> None:
    frames = simulate(program_of(DEFAULT, LOAD, WEIGHTS, JOB, STORE), frames=3).frames
    assert len(frames) == 3 and frames[0] == frames[1] == frames[2]
    assert frames[0].stalls[0] is not frames[1].stalls[0]


def test_another_target_is_an_error_of_the_machine() -> None:
    program = program_of(DEFAULT)
    wrong = Program(**{**vars(program), "instructions": (isa.Begin(target_hash=1), isa.End())})
    assert simulate(wrong).error is Error.WRONG_TARGET
    assert simulate(wrong).frames == ()


@pytest.mark.parametrize("name", HANGS)
def test_hang_names_who_waits_for_what(name: str) -> None:
    instructions, sentence = HANGS[name]
    with pytest.raises(Deadlock) as error:
        simulate(program_of(DEFAULT, *instructions))
    assert sentence in str(error.value)
    assert all("waits for" in waiting.text for waiting in error.value.waiting)


@pytest.mark.parametrize("name", HANGS)
def test_functional_simulator_names_the_same_waiters(name: str) -> None:
    program = program_of(DEFAULT, *HANGS[name][0])
    with pytest.raises(Deadlock) as expected:
        simulate(program)
    with pytest.raises(functional.Deadlock) as found:
        run(program, {})
    texts = {re.sub(r"instruction \d+, ", "", waiting.text) for waiting in expected.value.waiting}
    named = re.sub(r", (band|repeat|portion|outer|inner) \d+", "", str(found.value).partition(": ")[2]).split("; ")
    assert len(named) > 1 and set(named) <= texts


def test_full_queue_is_named() -> None:
    stuck = isa.Store(**{**vars(STORE), "tile": 1})
    with pytest.raises(Deadlock, match=r"sequencer .* waits for room in the queue of stream O"):
        simulate(program_of(DEFAULT, *[stuck] * 9))


def test_imports_little() -> None:
    script = (
        "import sys\nsys.modules.update(torch=None, amaranth=None, onnx=None)\nimport tileloom.sim.cycle.simulate\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
