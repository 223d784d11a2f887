"""Random programs as cases: a third of them meets a memory of its own, a sixth random pauses on every channel."""

import random

from tests.cycle.random_timing import random_memory
from tests.equality.case import Case
from tests.faults.trials import named
from tests.programs.random_program import random_inputs, random_program
from tileloom.hw.spec.config import Target


def program_case(seed: int, target: Target) -> Case:
    """Program number ``seed``: 2 to 6 phases, 1 to 3 frames back to back."""
    draw = random.Random(f"case {seed} {target.name}")
    program = named(random_program(seed, target, draw.randint(2, 6)))
    inputs = random_inputs(program, seed, draw.randint(1, 3))
    memory = random_memory(draw) if seed % 3 == 0 else None
    pauses_seed = seed if seed % 6 == 1 else None
    title = f"program, seed {seed}, target {target.name}"
    if memory is not None:
        title += f", {memory}"
    if pauses_seed is not None:
        title += f", random pauses {pauses_seed}"
    return Case(title, program, inputs, memory=memory, pauses_seed=pauses_seed)
