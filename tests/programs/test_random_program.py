"""Random programs: the same from the same seed, defined in all they store, and using everything a target has."""

from collections import Counter

import numpy as np
import pytest

from tests.complete_targets import COMPLETE
from tests.programs.random_program import random_inputs, random_program
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target, load_target
from tileloom.hw.spec.program import Program
from tileloom.sim.functional.run import run


@pytest.fixture(params=COMPLETE)
def target(request: pytest.FixtureRequest) -> Target:
    return load_target(request.param)


def test_one_seed_gives_one_program(target: Target) -> None:
    assert random_program(3, target, 4).to_bytes() == random_program(3, target, 4).to_bytes()
    assert random_program(3, target, 4).to_bytes() != random_program(4, target, 4).to_bytes()


def test_nothing_undefined_is_stored(target: Target) -> None:
    """Whatever logs, slots and map buffer hold at the start, the result is the same."""
    for seed in range(200, 215):
        program = random_program(seed, target, 5)
        inputs = random_inputs(program, seed)
        clean, dirty = (run(program, inputs, fill=fill).outputs for fill in (0, 0x5A))
        assert all(np.array_equal(clean[name], dirty[name]) for name in clean), seed


def features(program: Program) -> Counter[str]:
    """What a program makes use of."""
    found: Counter[str] = Counter()
    for instruction in program.instructions:
        found[instruction.opcode.name] += 1
        match instruction:
            case isa.Load():
                found["load from the map buffer"] += instruction.space
                found["load waits for a slot"] += instruction.wait and instruction.after > 0
                found["load waits slot by slot"] += instruction.wait and instruction.after_step > 0
                found["load pads rows"] += instruction.rows_before + instruction.rows_after > 0
                found["load pads columns"] += instruction.pad_left + instruction.pad_right > 0
                found["load in blocks"] += instruction.blocks > 1
                found["load leaves bytes of an element"] += instruction.take > instruction.write
                found["load spreads elements"] += instruction.piece > 0 and instruction.write > instruction.piece
                found["load of several tiles at once"] += instruction.mask.bit_count() > 1
                found["load in parts"] += instruction.parts > 1
                found["load of the residual"] += instruction.destination
            case isa.Weights():
                found["weights repeated"] += instruction.repeats > 1
                found["weights in parts"] += instruction.parts > 1
                found["weights from the map buffer"] += instruction.space
            case isa.Store():
                found["store to the map buffer"] += instruction.space
                found["slots discarded"] += instruction.runs == 0
                found["store of many runs"] += instruction.runs > 1
                found["store of several tiles"] += instruction.parts * instruction.subparts > 1
            case isa.Job():
                found[isa.Mode(instruction.mode).name] += 1
                found[f"pool {isa.Pool(instruction.pool).name}"] += 1
                for name in ("chunked", "to_neighbour", "from_neighbour", "table", "add", "floor"):
                    found[name] += getattr(instruction, name)
                found["groups"] += instruction.groups > 1
                found["window read backwards"] += instruction.pixel_x_window < 0
                found["weights used again"] += instruction.weights_outer < 0
                found["frees later than it moves"] += 0 < instruction.window_free_inner < instruction.window_inner
            case _:
                pass
    return found


SEVERAL_TILES = {
    *("load of several tiles at once", "load in parts", "weights in parts", "store of several tiles"),
    *("to_neighbour", "from_neighbour"),
}


def test_everything_is_used(target: Target) -> None:
    found: Counter[str] = Counter()
    for seed in range(60):
        found += features(random_program(seed, target, 6))
    names = set(features(random_program(0, target, 6))) | set(found)
    expected = set(ALL_FEATURES)
    assert names <= expected
    if target.tiles == 1:
        expected -= SEVERAL_TILES
    if not target.map_bytes:
        expected -= {name for name in expected if "map buffer" in name}
    assert {name for name in expected if found[name] == 0} == set()


ALL_FEATURES = (
    *(opcode.name for opcode in isa.Opcode),
    *(mode.name for mode in isa.Mode),
    *(f"pool {pool.name}" for pool in isa.Pool),
    *("chunked", "to_neighbour", "from_neighbour", "table", "add", "floor", "groups"),
    *("window read backwards", "weights used again", "frees later than it moves"),
    *("load from the map buffer", "load waits for a slot", "load waits slot by slot", "load pads rows"),
    *("load pads columns", "load in blocks", "load leaves bytes of an element", "load of several tiles at once"),
    *("load in parts", "load of the residual", "weights repeated", "weights in parts"),
    *("weights from the map buffer", "store to the map buffer", "slots discarded", "store of many runs"),
    *("store of several tiles", "load spreads elements"),
)


def test_results_are_rich(target: Target) -> None:
    """Not all saturated: codes that are neither zero nor at an end of the range."""
    greatest = (1 << (target.activation_bits - 1)) - 1
    inner = total = 0
    for seed in range(20):
        program = random_program(seed, target, 4)
        for codes in run(program, random_inputs(program, seed)).outputs.values():
            inner += int(np.count_nonzero((codes != 0) & (np.abs(codes.astype(int)) < greatest)))
            total += codes.size
    assert inner > 300 and inner > 0.15 * total, (inner, total)
