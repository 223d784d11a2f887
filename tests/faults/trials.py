"""What a faulty machine is given to run, and what the other engines say about it: programs of the tests' generator."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.programs.random_program import random_inputs, random_program
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Codes, JobMap, Program, TensorMap
from tileloom.hw.spec.result import Result
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.functional.run import run
from tileloom.verification import stored

FRAMES = 2
PROGRAMS = 60
"""Random programs on each target."""
PHASES = 4
"""Phases of each of them."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A program with its inputs and what must come of it."""

    title: str
    program: Program
    inputs: dict[str, Codes]
    expected: dict[str, Codes]
    with_taps: bool
    functional: Result
    cycle: Result


def program_trials(target: Target) -> Iterator[Trial]:
    """Random programs in order of their seeds; the functional simulator expects."""
    for seed in range(PROGRAMS):
        program = named(random_program(seed, target, PHASES))
        inputs = random_inputs(program, seed, FRAMES)
        functional = run(program, inputs)
        yield Trial(
            f"random program {seed}",
            program,
            inputs,
            dict(stored(functional)),
            False,
            functional,
            simulate(program, frames=FRAMES),
        )


def named(program: Program) -> Program:
    """A random program with a name for the jobs of each phase, and for each output the phase that stores it."""
    tags = sorted({i.tag for i in program.instructions if isinstance(i, isa.Job)})
    jobs = tuple(JobMap(tag, f"phase {tag}", "random job") for tag in tags)
    return replace(program, jobs=jobs, outputs=tuple(_with_layer(program, tensor) for tensor in program.outputs))


def _with_layer(program: Program, tensor: TensorMap) -> TensorMap:
    stores = [i for i in program.instructions if isinstance(i, isa.Store) and i.space == tensor.space]
    inside = [i.tag for i in stores if 0 <= i.address - tensor.address < tensor.size_bytes]
    return replace(tensor, layer=f"phase {inside[0]}") if inside else tensor
