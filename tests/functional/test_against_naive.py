"""The functional simulator against an interpreter that works one by one, on small random programs."""

import random

import numpy as np
import pytest

from tests.functional.naive import NaiveMachine
from tests.programs.random_program import random_inputs, random_program
from tileloom.hw.spec.config import load_target, presets
from tileloom.sim.functional.run import run


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("name", presets())
def test_same_memory(name: str, seed: int) -> None:
    program = random_program(1000 + seed, load_target(name), 3)
    inputs = random_inputs(program, seed, frames=2)
    result = run(program, inputs)
    for frame in range(2):
        memory = bytearray(program.image().tobytes())
        for tensor in program.inputs:
            memory[tensor.address : tensor.address + tensor.size_bytes] = inputs[tensor.name][frame].tobytes()
        NaiveMachine(program, memory).run(random.Random(frame))
        for tensor in program.outputs:
            wanted = np.frombuffer(memory[tensor.address : tensor.address + tensor.size_bytes], tensor.code_type)
            assert np.array_equal(result.outputs[tensor.name][frame].reshape(-1), wanted), tensor.name
