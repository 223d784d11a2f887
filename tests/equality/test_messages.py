"""A difference is found, and told with its seed, target, job (tag, tile, layer) and element."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.equality.case import WINDOW, Case, with_window
from tests.equality.judgement import Outcome, judge
from tests.equality.layer_cases import layer_cases
from tests.equality.program_cases import program_case
from tests.equality.writers import Writer, byte_address, writer_of
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.registers import Cause, Error
from tileloom.hw.spec.result import Result
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.functional.run import run

Spoil = Callable[[Case, Result], Result]


def judged(case: Case, spoil: Spoil) -> Outcome:
    """The outcome where the RTL would give what the simulators give, but for what ``spoil`` does to it."""
    functional = run(with_window(case.program), case.inputs, taps=True)
    simulated = simulate(case.program, case.memory, case.frames)
    hardware = replace(functional, engine="rtl", frames=simulated.frames)
    return judge(case, functional, simulated, spoil(case, hardware))


@pytest.fixture(scope="module")
def layer() -> Case:
    return layer_cases(1, load_target("odd")).cases[0]


@pytest.fixture(scope="module")
def program() -> Case:
    return program_case(2, load_target("odd"))


def test_equal_engines_have_no_difference(layer: Case, program: Case) -> None:
    for case in (layer, program):
        outcome = judged(case, lambda _, result: result)
        assert outcome.differences == ()
        assert outcome.elements > 100
        assert outcome.jobs > 0


def test_a_wrong_element_is_named(layer: Case) -> None:
    def spoil(case: Case, result: Result) -> Result:
        (name, codes), *_ = result.outputs.items()
        codes = codes.copy()
        codes[1, -1, 0, 0] ^= 1
        return replace(result, outputs={**result.outputs, name: codes})

    tensor = layer.program.outputs[0]
    writer = writer_of(layer.program, 0, byte_address(tensor, tensor.channels - 1, 0, 0))
    assert writer is not None
    (told,) = judged(layer, spoil).differences
    assert told.startswith("layer, seed 1, target odd, as compiled (")
    assert f"in tensor {tensor.name} at frame 1, channel {tensor.channels - 1}, y 0, x 0" in told
    assert told.endswith(f"made by {layer.program.jobs[-1].name} (tag {writer.tag}, tile {writer.tile})")


def test_the_reference_is_compared_with_both_engines(layer: Case) -> None:
    name = layer.program.outputs[0].name
    wrong = replace(layer, expected={**layer.expected, name: layer.expected[name] ^ 1})
    (told,) = judged(wrong, lambda _, result: result).differences
    assert f"{2 * layer.expected[name].size} elements differ; the first: functional gives" in told


def test_a_byte_stored_beside_its_place_is_found(program: Case) -> None:
    def spoil(case: Case, result: Result) -> Result:
        window = result.taps[WINDOW].copy()
        window[0, case.program.weights_address] ^= 1
        return replace(result, taps={WINDOW: window})

    (told,) = judged(program, spoil).differences
    assert told.startswith("program, seed 2, target odd: 1 elements differ")
    assert told.endswith("which no STORE of the program writes")


def test_a_job_that_ends_late_is_named(program: Case) -> None:
    def spoil(case: Case, result: Result) -> Result:
        frame = result.frames[0]
        late = replace(frame.trace[1], end=frame.trace[1].end + 1)
        stalls = ({**frame.stalls[0], Cause.RUN: frame.stalls[0][Cause.RUN] + 1}, *frame.stalls[1:])
        spoiled = replace(frame, trace=(frame.trace[0], late, *frame.trace[2:]), stalls=stalls)
        return replace(result, frames=(spoiled, *result.frames[1:]))

    trace, stalls = judged(program, spoil).differences
    job = simulate(program.program).frames[0].trace[1]
    named = f"phase {job.tag}: frame 0, tile {job.tile}, tag {job.tag}: cycles {job.start} .. {job.end} simulated"
    assert f"the first job that differs is {named}" in trace
    assert "1 counts of cycles differ: frame 0, tile 0, run:" in stalls


def test_cycles_under_random_pauses_are_bounded(program: Case) -> None:
    def spoil(_: Case, result: Result) -> Result:
        slow = replace(result.frames[-1], cycles=100 * result.frames[-1].cycles)
        return replace(result, frames=(*result.frames[:-1], slow))

    (told,) = judged(replace(program, pauses_seed=3), spoil).differences
    assert "cycles under random pauses, more than" in told


def test_a_halt_is_told(program: Case) -> None:
    (told,) = judged(program, lambda _, r: replace(r, error=Error.WATCHDOG, program_counter=17)).differences
    assert told == "program, seed 2, target odd: rtl halts with WATCHDOG at word 17"


def test_lost_frames_are_found(program: Case) -> None:
    case = replace(program, inputs={name: np.repeat(codes[:1], 2, axis=0) for name, codes in program.inputs.items()})
    (told,) = judged(case, lambda _, result: replace(result, frames=result.frames[:1])).differences
    assert told.endswith("2 frames simulated, 1 on the RTL, not 2")


def test_writers() -> None:
    """Every byte of an output has a writer; weights have none."""
    program = program_case(3, load_target("default")).program
    written = {writer_of(program, 0, tensor.address) for tensor in program.outputs}
    assert len(written) > 1
    assert writer_of(program, 0, program.instruction_address) is None
    assert all(writer is None or isinstance(writer, Writer) for writer in written)
