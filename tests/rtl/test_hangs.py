"""A program that never ends: the RTL's watchdog halts it, and the same waiters are named as by the cycle simulator."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.cycle.hangs import DEFAULT, HANGS, JOB, LOAD, STORE, WEIGHTS, program_of
from tests.rtl.tiny_program import PIXELS, tiny_program
from tileloom.compiler.problems import ModelError
from tileloom.engines import run_rtl
from tileloom.hw.build import build
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import MemoryModel
from tileloom.hw.spec.registers import Cause, Error
from tileloom.sim.cycle.deadlock import Deadlock
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.rtl.engine import Faults, RtlEngine

STUCK_QUEUE = tuple([isa.Store(**{**vars(STORE), "tile": 1})] * 9)


@pytest.fixture(scope="module")
def engine() -> Iterator[RtlEngine]:
    with RtlEngine(build(DEFAULT).library) as opened:
        yield opened


@pytest.mark.parametrize("name", [*HANGS, "full queue"])
def test_both_engines_name_the_same_waiters(engine: RtlEngine, name: str) -> None:
    instructions = STUCK_QUEUE if name == "full queue" else HANGS[name][0]
    program = program_of(DEFAULT, *instructions)
    with pytest.raises(Deadlock) as expected:
        simulate(program)
    result = engine.run(program, {})
    assert result.error is Error.WATCHDOG and engine.hang is not None
    assert engine.hang.standstill == expected.value.standstill
    assert engine.hang.waiting == expected.value.waiting != ()
    assert all(waiting.text in str(engine.hang) for waiting in expected.value.waiting)
    again = engine.run(program_of(DEFAULT, LOAD, WEIGHTS, JOB, STORE), {})
    assert again.error is Error.NONE and engine.hang is None


def test_memory_timing_changes_no_standstill(engine: RtlEngine) -> None:
    program = program_of(DEFAULT, *HANGS["no weights"][0])
    engine.run(program, {}, MemoryModel(read_latency=300, pause_period=50, pause_cycles=20))
    assert engine.hang is not None and engine.hang.waiting


def test_user_reads_who_waits(engine: RtlEngine) -> None:
    program = program_of(DEFAULT, *HANGS["no weights"][0])
    with pytest.raises(ModelError, match=r"TL407 .*watchdog: .*tile 0 .*3 more words in its weight ring, from line W"):
        run_rtl(engine, program, {"x": np.zeros((1, 1, 1, 1), np.int8)})


def test_silent_memory_is_not_blamed_on_the_program(engine: RtlEngine) -> None:
    program = tiny_program(DEFAULT)
    inputs = {"x": np.zeros((1, DEFAULT.lanes, 1, PIXELS), np.int8)}
    limit = DEFAULT.watchdog_cycles + 10_000
    result = engine.run(program, inputs, faults=Faults(silent_from=200), cycle_limit=limit)
    assert result.error is Error.WATCHDOG and engine.hang is not None and engine.hang.waiting == ()
    assert Cause.RUN not in engine.hang.standstill.causes
    text = str(engine.hang)
    assert text.startswith("the memory has not answered ") and engine.hang.open_reads + engine.hang.open_writes > 0
    assert "tile 0 waits for" in text and "the sequencer stands at instruction" in text
    engine.reset()
