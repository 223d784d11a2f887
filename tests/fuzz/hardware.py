"""Corrupted programs straight into the memory of the hardware, past every check of the host.

Whatever its words are, the machine ends with a status, keeps the rules of its memory port, and then runs a good program
exactly as before. Programs that break no rule of the machine end as in the cycle simulator, in the same cycle.
"""

import random
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from tests.fuzz.programs import changed_words
from tileloom.hw.build import build
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Codes, Program
from tileloom.hw.spec.registers import Error
from tileloom.hw.spec.result import Result
from tileloom.hw.spec.validate import violations
from tileloom.sim.cycle.deadlock import Deadlock
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.functional.run import run
from tileloom.sim.rtl.engine import Faults, RtlEngine

LONGEST = 500_000
"""Cycle in which a frame is aborted: loops of corrupted counts may be very long."""


@dataclass(frozen=True)
class RawProgram(Program):
    """A program whose words need not be instructions."""

    raw: tuple[int, ...] = ()

    @property
    def instruction_bytes(self) -> bytes:
        """The words as they are."""
        return np.asarray(self.raw, np.uint32).tobytes()


@cache
def machine(target: Target) -> RtlEngine:
    """The hardware, made once and never reset."""
    return RtlEngine(build(target).library)


def hardware_trial(source: random.Random, programs: list[Program]) -> str:
    """How the hardware ended, in words; raises ``AssertionError`` where it should have ended otherwise."""
    good = source.choice(programs)
    words = changed_words(list(good.words), source)
    engine, inputs = machine(good.target), zeros(good)
    fields = {name: getattr(good, name) for name in good.__dataclass_fields__}
    raw, limits = RawProgram(**fields, raw=tuple(words)), Faults(abort_cycle=LONGEST)
    found = engine.run(raw, inputs, faults=limits, cycle_limit=2 * LONGEST)
    end = found.error.name.lower()
    program = _whole(good, words)
    if program is not None and found.error is not Error.ABORTED:
        _compare(program, found)
        end = f"{end}, as simulated"
    again = engine.run(good, inputs)
    assert again.error is Error.NONE, f"a good program ends with {again.error.name} behind it"
    assert again.frames == simulate(good).frames, "a good program takes other cycles behind it"
    for name, codes in run(good, inputs).outputs.items():
        assert np.array_equal(again.outputs[name], codes), f"{name} of a good program is different behind it"
    return end


def zeros(program: Program) -> dict[str, Codes]:
    """One frame of zeros for every input."""
    return {
        tensor.name: np.zeros((1, tensor.channels, tensor.height, tensor.width), tensor.code_type)
        for tensor in program.inputs
    }


def _whole(good: Program, words: list[int]) -> Program | None:
    """The program that the words are; None where they are none, or break a rule of the machine."""
    try:
        instructions = tuple(isa.decode_all(words))
    except isa.EncodingError:
        return None
    program = replace(good, instructions=instructions)
    if list(program.words) != words or violations(instructions, good.target):
        return None
    return program


def _compare(program: Program, found: Result) -> None:
    """What the cycle simulator says of a program that breaks no rule.

    Values are not compared: a program that no longer waits for its data reads what is not written yet.
    """
    try:
        timed = simulate(program)
    except Deadlock:
        stopped = found.error in (Error.WATCHDOG, Error.OUTSIDE_WINDOW)
        assert stopped, f"{found.error.name} where the cycle simulator finds a deadlock"
        return
    if found.error is Error.NONE and timed.error is Error.NONE:
        assert found.frames == timed.frames, "cycles, traces or stalls differ from the cycle simulator's"
