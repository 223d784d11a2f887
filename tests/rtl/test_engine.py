"""The RTL engine: the tiny program on every preset, faults, pauses, programs one after another, refusals."""

import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.rtl.tiny_program import PIXELS, tiny_program, tiny_reference
from tileloom.hw.build import Build, build
from tileloom.hw.spec.config import MemoryModel, load_target
from tileloom.hw.spec.program import Codes, Program
from tileloom.hw.spec.registers import Cause, Error
from tileloom.hw.spec.result import FrameTiming, Result
from tileloom.sim.rtl.engine import Faults, RtlEngine
from tileloom.sim.rtl.library import RtlError

TARGETS = ["small", "odd", "mac25", "default"]


@pytest.fixture(scope="module", params=TARGETS)
def built(request: pytest.FixtureRequest) -> Build:
    return build(load_target(request.param))


@pytest.fixture
def engine(built: Build) -> Iterator[RtlEngine]:
    with RtlEngine(built.library) as opened:
        yield opened


def codes(program: Program, frames: int, seed: int = 0) -> dict[str, Codes]:
    shape = (frames, program.target.lanes, 1, PIXELS)
    return {"x": np.random.default_rng(seed).integers(-128, 128, shape).astype(np.int8)}


def check(program: Program, inputs: dict[str, Codes], result: Result) -> None:
    assert result.error == Error.NONE
    expected = tiny_reference(program, inputs["x"])
    for name in (tensor.name for tensor in program.outputs):
        np.testing.assert_array_equal(result.outputs[name], expected, err_msg=name)


MEMORIES = [
    MemoryModel(),
    MemoryModel(read_latency=1, write_latency=1),
    MemoryModel(read_latency=7, write_latency=3, pause_period=5, pause_cycles=4),
    MemoryModel(read_latency=300, write_latency=200, pause_period=64, pause_cycles=1),
]


@pytest.mark.parametrize("memory", MEMORIES, ids=str)
def test_frames_back_to_back(engine: RtlEngine, memory: MemoryModel) -> None:
    program = tiny_program(engine.target)
    inputs = codes(program, 5)
    result = engine.run(program, inputs, memory)
    check(program, inputs, result)
    assert len(result.frames) == 5
    first = result.frames[0]
    assert all(frame == first for frame in result.frames), "equal frames take equal cycles"
    assert {(job.tile, job.tag) for job in first.trace} == {(tile, 3) for tile in range(engine.target.tiles)}
    for tile, causes in enumerate(first.stalls):
        assert sum(causes.values()) == first.cycles
        job = next(job for job in first.trace if job.tile == tile)
        assert causes[Cause.RUN] == job.end - job.start + 1


def test_random_pauses_change_cycles_and_nothing_else(engine: RtlEngine) -> None:
    program = tiny_program(engine.target)
    inputs = codes(program, 2)
    cycles = set()
    for seed in range(20):
        result = engine.run(program, inputs, random_pauses_seed=seed)
        check(program, inputs, result)
        cycles.add(result.frames[0].cycles)
    assert len(cycles) > 3


def test_programs_one_after_another(engine: RtlEngine) -> None:
    programs = [tiny_program(engine.target, seed) for seed in range(3)]
    reference: dict[int, tuple[FrameTiming, ...]] = {}
    for number in (0, 1, 2, 1, 0, 2):
        inputs = codes(programs[number], 2, number)
        result = engine.run(programs[number], inputs)
        check(programs[number], inputs, result)
        assert reference.setdefault(number, result.frames) == result.frames


FAULTS = {
    "first read beat": (Faults(failing_read_beat=1), Error.READ_ERROR),
    "later read beat": (Faults(failing_read_beat=20), Error.READ_ERROR),
    "first write": (Faults(failing_write=1), Error.WRITE_ERROR),
    "window of nothing": (Faults(window_bytes=0), Error.OUTSIDE_WINDOW),
    "window without outputs": (Faults(window_bytes=12_288), Error.OUTSIDE_WINDOW),
    "early abort": (Faults(abort_cycle=5), Error.ABORTED),
    "abort while reading": (Faults(abort_cycle=90), Error.ABORTED),
    "silent memory": (Faults(silent_from=60), Error.WATCHDOG),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_end_in_a_status_and_a_new_start_works(engine: RtlEngine, fault: str) -> None:
    program = tiny_program(engine.target)
    inputs = codes(program, 1)
    faults, error = FAULTS[fault]
    result = engine.run(program, inputs, faults=faults, cycle_limit=engine.target.watchdog_cycles + 10_000)
    assert result.error == error
    assert not result.outputs
    assert result.program_counter < len(program.words)
    if error is Error.WATCHDOG:
        engine.reset()  # a memory that never answers leaves the machine busy
    check(program, inputs, engine.run(program, inputs))


def test_aborts_and_resets_in_every_cycle(engine: RtlEngine) -> None:
    program = tiny_program(engine.target)
    inputs = codes(program, 1)
    good = engine.run(program, inputs)
    for cycle in range(1, good.frames[0].cycles, 3):
        assert engine.run(program, inputs, faults=Faults(abort_cycle=cycle)).error in (Error.ABORTED, Error.NONE)
        assert engine.run(program, inputs, faults=Faults(reset_cycle=cycle)).error == Error.NONE
        again = engine.run(program, inputs)
        check(program, inputs, again)
        assert again.frames == good.frames


def test_refusals(built: Build, tmp_path: Path) -> None:
    with RtlEngine(built.library) as engine:
        program = tiny_program(engine.target)
        other = dataclasses.replace(program, target=dataclasses.replace(engine.target, weight_words=64))
        with pytest.raises(RtlError, match=r"program 'tiny' is for target .* compile one of them again"):
            engine.run(other, codes(program, 1))
        with pytest.raises(RtlError, match="input 'x' is missing"):
            engine.run(program, {})
        with pytest.raises(RtlError, match="input 'x' must be int8"):
            engine.run(program, {"x": np.zeros((1, 1, 1, 1), np.int8)})
        with pytest.raises(RtlError, match="neither done nor in error after 10 cycles"):
            engine.run(program, codes(program, 1), cycle_limit=10)
    with pytest.raises(RtlError, match="cannot be loaded"):
        RtlEngine(tmp_path / "nothing.so")
    damaged = tmp_path / "damaged.so"
    shutil.copy(built.library, damaged)
    damaged.with_suffix(".json").write_text(json.dumps({"target": {"name": "x", "lanes": 0}}))
    with pytest.raises(RtlError, match="lanes must be from 1 to 64"):
        RtlEngine(damaged)
