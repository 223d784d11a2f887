"""How runs end badly: with a status, with a broken rule, or waiting for ever; and what a caller may do wrong."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.functional.hand_made import At, Convolution, Part, program
from tests.functional.test_modes import codes, layer, store
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.program import Program, ProgramError
from tileloom.hw.spec.registers import Error
from tileloom.sim.functional.faults import BrokenRule, Deadlock
from tileloom.sim.functional.run import run

TARGET = load_target("default")
INPUTS = {"x": codes(2, 1, 4, 3, 4)}


def small(job: dict[str, int] | None = None, **more: Any) -> Program:
    c, _, weights, bias = layer(TARGET)
    parts: list[Part] = [At("x", c.load()), (1, c.pack(weights, bias)), c.job(**(job or {})), store(c)]
    return replace(program(TARGET, {"x": (4, 3, 4)}, (5, 3, 4), parts), **more)


def with_instruction(made: Program, number: int, **fields: Any) -> Program:
    changed = list(made.instructions)
    changed[number] = replace(changed[number], **fields)
    return replace(made, instructions=tuple(changed))


class Corrupted(Program):
    """A program whose bytes in memory differ from what its instructions encode to."""

    def image(self) -> Any:
        """The image with one word changed, as ``information`` tells."""
        image = super().image()
        place = self.instruction_address + 4 * int(self.information["word"])
        image[place : place + 4] = np.frombuffer(int(self.information["value"]).to_bytes(4, "little"), np.uint8)
        return image


def corrupted(word: int, value: int) -> Program:
    made = small()
    return Corrupted(**{**made.__dict__, "information": {"word": word, "value": value}})


@pytest.mark.parametrize(
    ("word", "value", "error", "counter"),
    [
        (4, 0x99, Error.ILLEGAL_INSTRUCTION, 5),
        (0, int(isa.Opcode.BARRIER) | 1 << 8, Error.ILLEGAL_INSTRUCTION, 1),
        (4, int(isa.Opcode.BEGIN) | 4 << 8, Error.ILLEGAL_INSTRUCTION, 5),
        (4, int(isa.Opcode.TABLE) | 4 << 8, Error.ILLEGAL_INSTRUCTION, 5),
        (4, 0, Error.ILLEGAL_INSTRUCTION, 5),
        (4, int(isa.Opcode.LOAD) | 3 << 8, Error.ILLEGAL_INSTRUCTION, 5),
        (1, 77, Error.WRONG_VERSION, 4),
        (2, 77, Error.WRONG_TARGET, 4),
    ],
)
def test_the_bytes_in_memory_are_what_runs(word: int, value: int, error: Error, counter: int) -> None:
    result = run(corrupted(word, value), INPUTS)
    assert (result.error, result.program_counter) == (error, counter)


def test_a_program_without_end_runs_out_of_words() -> None:
    made = small()
    last = len(made.words) - 1
    result = run(corrupted(last, int(isa.Opcode.BARRIER) | 1 << 8), INPUTS)
    assert (result.error, result.program_counter) == (Error.PROGRAM_END, last + 1)


@pytest.mark.parametrize("address", [made.memory_bytes for made in [small()]] + [(1 << 32) - 64])
@pytest.mark.parametrize("number", [1, 2, 4])
def test_nothing_leaves_the_window(number: int, address: int) -> None:
    assert run(with_instruction(small(), number, address=address), INPUTS).error == Error.OUTSIDE_WINDOW


@pytest.mark.parametrize("number", [1, 4])
def test_nothing_leaves_the_map_buffer(number: int) -> None:
    made = with_instruction(small(), number, space=1, address=TARGET.map_bytes - 3)
    assert run(made, INPUTS).error == Error.OUTSIDE_WINDOW


def test_a_deadlock_names_who_waits_for_what() -> None:
    made = small(job={"inner": 2})
    with pytest.raises(Deadlock) as caught:
        run(made, INPUTS)
    size = Convolution(TARGET, 4, 5, 3, 3, 4).padded_bytes
    assert f"tile 0 (JOB tag 0, unit 1 of 2) waits for {size} more activations in its window, from line A" in str(
        caught.value
    )
    assert "sequencer (END tag 0) waits for the units to be idle" in str(caught.value)


def test_a_wait_that_is_never_met() -> None:
    with pytest.raises(Deadlock, match=r"stream A \(LOAD tag 0, band 0\) waits for `stored` to go up by 1 more"):
        run(with_instruction(small(), 1, wait=1, after=1), INPUTS)


def test_small_queues_show_what_unbounded_ones_hide() -> None:
    """Two jobs fill a tile's queue; what they wait for stands behind them and the sequencer."""
    c, _, weights, bias = layer(TARGET)
    jobs: list[Part] = [c.job(), c.job(), c.job()]
    operands: list[Part] = [At("x", c.load(bands=3)), *[(1, c.pack(weights, bias))] * 3, store(c, inner=3)]
    made = program(TARGET, {"x": (4, 3, 4)}, (5, 3, 4), [*jobs, *operands])
    assert run(made, INPUTS).error == Error.NONE
    with pytest.raises(Deadlock, match=r"sequencer \(JOB tag 0\) waits for room in its descriptor queue"):
        run(made, INPUTS, bounded=True)


@pytest.mark.parametrize(
    ("job", "text"),
    [
        ({"window_free_inner": 10**6}, "the window of tile 0 log must keep tail <= base <= head"),
        ({"weights_inner": 0}, "the weights of tile 0 log must keep tail <= base <= head"),
        ({"pixel_x_window": -4}, "a unit must not read what is freed"),
    ],
)
def test_broken_rules_that_only_a_run_shows(job: dict[str, int], text: str) -> None:
    with pytest.raises(BrokenRule, match=text):
        run(small(job=job), INPUTS)


def test_a_sum_wider_than_the_accumulator() -> None:
    c, _, weights, bias = layer(TARGET)
    parts: list[Part] = [At("x", c.load()), (1, c.pack(weights, bias * 0 + (1 << 31) - 1)), c.job(), store(c)]
    made = program(TARGET, {"x": (4, 3, 4)}, (5, 3, 4), parts)
    with pytest.raises(BrokenRule, match="a sum must fit 32 bits"):
        run(made, INPUTS)


def test_a_broken_static_rule_is_told_before_the_run() -> None:
    with pytest.raises(ProgramError, match=r"instruction 3 \(JOB tag 0\): last_valid must be from 1 to columns = 8"):
        run(with_instruction(small(), 3, last_valid=9), INPUTS)


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ({}, r"input 'x' must be given; the inputs given are \[\]"),
        ({"x": codes(0, 1, 4, 4, 3)}, r"input 'x' must be int8 of shape \(1, 4, 3, 4\), not int8 \(1, 4, 4, 3\)"),
        ({"x": np.zeros((1, 4, 3, 4))}, "not float64"),
    ],
)
def test_inputs_are_checked(inputs: dict[str, Any], text: str) -> None:
    with pytest.raises(ProgramError, match=text):
        run(small(), inputs)
