"""What is done with one mutant, and how it may end: well or with a typed refusal, in ten seconds and two gigabytes."""

import random
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType

import numpy as np
import onnx

from tests.float_in_process import float_runs_in_process
from tests.fuzz.hardware import hardware_trial
from tests.fuzz.models import models
from tests.fuzz.mutants import mutant
from tests.fuzz.programs import corrupted
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.frontend import quantise, read_model, take_model
from tileloom.compiler.network import Network
from tileloom.compiler.problems import ModelError
from tileloom.hw.spec.config import Target, load_target
from tileloom.hw.spec.program import Program, ProgramError, program_from_bytes
from tileloom.hw.spec.registers import Error
from tileloom.hw.spec.validate import violations
from tileloom.sim.cycle.deadlock import Deadlock
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.functional.run import run

SECONDS = 10
BYTES = 2 << 30
SEGMENTS = 64


class Hang(BaseException):
    """A mutant took too long; no handler of ordinary exceptions may swallow it."""


class Greedy(AssertionError):
    """A mutant took too much memory."""


@contextmanager
def bounded() -> Iterator[None]:
    """Raises :class:`Hang` after ten seconds (between two lines of Python), :class:`Greedy` beyond two gigabytes."""

    def ring(signum: int, frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if peak > BYTES:
        raise Greedy(f"{peak} bytes")


def check_trial(seed: int, folder: Path) -> str:
    """A mutant through the front end: ``accepted``, or the first problem's code."""
    path = _mutant_file(seed, folder)
    try:
        with bounded():
            read_model(path)
    except ModelError as error:
        return error.problems[0].code
    return "accepted"


def compile_trial(seed: int, folder: Path) -> str:
    """A mutant through calibration and the back end: ``compiled``, or the first problem's code."""
    path = _mutant_file(seed, folder)
    try:
        with bounded(), float_runs_in_process():
            network = read_model(path)
            compile_graph(quantise(network, segments=SEGMENTS), small())
    except ModelError as error:
        return error.problems[0].code
    return "compiled"


def program_trial(seed: int, folder: Path) -> str:
    """A corrupted program through loader, rules, functional and cycle simulator: how the last of them ended."""
    source = random.Random(seed)
    data = corrupted(source.choice(good_programs()), source)
    try:
        with bounded():
            program = program_from_bytes(data)
            if violations(program.instructions, program.target):
                return "breaks a rule"
            return f"{_functional(program)}, {_cycle(program)}"
    except ProgramError:
        return "refused"


def rtl_trial(seed: int, folder: Path) -> str:
    """A corrupted program past the host's checks on the RTL, and through both simulators where it breaks no rule."""
    with bounded():
        return hardware_trial(random.Random(seed), good_programs())


TRIALS: dict[str, Callable[[int, Path], str]] = {
    "check": check_trial,
    "compile": compile_trial,
    "program": program_trial,
    "rtl": rtl_trial,
}
"""Kinds of trials by name."""


@cache
def small() -> Target:
    """The machine of all trials."""
    return load_target("small")


@cache
def good_programs() -> list[Program]:
    """Programs of three of the models, compiled for the small machine."""
    found = []
    for name in ("classifier", "quantised", "branches"):
        with float_runs_in_process():
            network = _network(name)
            found.append(compile_graph(quantise(network, segments=SEGMENTS), small()))
    return found


def _network(name: str) -> Network:
    return take_model(onnx.load_from_string(models()[name]), name)


def _mutant_file(seed: int, folder: Path) -> Path:
    source = random.Random(seed)
    path = folder / "mutant.onnx"
    path.write_bytes(mutant(source.choice(list(models().values())), source))
    return path


def _functional(program: Program) -> str:
    inputs = {
        tensor.name: np.zeros((1, tensor.channels, tensor.height, tensor.width), tensor.code_type)
        for tensor in program.inputs
    }
    try:
        return "ran" if run(program, inputs).error is Error.NONE else "halted"
    except ProgramError:
        return "stopped"


def _cycle(program: Program) -> str:
    try:
        return "timed" if simulate(program).error is Error.NONE else "halted"
    except Deadlock:
        return "deadlocked"
