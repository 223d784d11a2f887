"""Three networks in random order on one machine, without reset or rebuild: nothing of one frame is left in another."""

import random

import numpy as np

from tests.face.test_cases import model
from tileloom.compilation import Compiled, compiled
from tileloom.engines import rtl_engine, run_cycle, run_functional
from tileloom.frames import frames_for
from tileloom.hw.spec.config import load_target
from tileloom.model_argument import find

FRAMES = 6
SEED = 20261120
NETWORKS = ("lenet5", "digits_modern", "mnist8_cntk")


def test_networks_alternate_on_one_machine() -> None:
    programs: list[tuple[Compiled, dict[str, np.ndarray], np.ndarray, int]] = []
    for name in NETWORKS:
        path, data = model(name)
        argument = find(path)
        made = compiled(argument, "default", data, data)
        codes = frames_for(made.inputs, data, FRAMES, 0, argument).codes
        (output,) = run_functional(made.program, codes).outputs.values()
        programs.append((made, codes, output, run_cycle(made.program).frames[0].cycles))
    order = [(number, frame) for number in range(len(programs)) for frame in range(FRAMES)]
    random.Random(SEED).shuffle(order)
    with rtl_engine(load_target("default")) as machine:
        for number, frame in order:
            made, codes, expected, cycles = programs[number]
            one = {name: array[frame : frame + 1] for name, array in codes.items()}
            found = machine.run(made.program, one)
            (output,) = found.outputs.values()
            assert np.array_equal(output[0], expected[frame]), f"{NETWORKS[number]}, frame {frame}, seed {SEED}"
            assert found.frames[0].cycles == cycles
