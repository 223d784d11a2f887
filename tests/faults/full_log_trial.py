"""A window log filled to its last byte, which random programs hardly ever do: two jobs, both loaded before one runs."""

from dataclasses import replace

from tests.faults.trials import FRAMES, Trial, named
from tests.programs.random_program import random_inputs
from tests.rtl.tiny_program import tiny_program
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.validate import violations
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.functional.run import run
from tileloom.verification import stored


def full_log_trial(target: Target) -> Trial:
    """Both LOADs are in the window before the first job ends, and leave no byte of it free."""
    program = named(full_log_program(target))
    inputs = random_inputs(program, 0, FRAMES)
    functional = run(program, inputs)
    expected = dict(stored(functional))
    return Trial("full window", program, inputs, expected, False, functional, simulate(program, frames=FRAMES))


def full_log_program(target: Target) -> Program:
    """The tiny program twice; the second chunk takes all that the first one leaves of the window."""
    tiny = tiny_program(target)
    begin, load, weights, job, store, end = tiny.instructions
    assert isinstance(load, isa.Load) and isinstance(job, isa.Job) and isinstance(store, isa.Store)
    rest = target.window_bytes - load.advance
    size = sum(tensor.size_bytes for tensor in tiny.outputs) + store.parts * store.part_stride
    other_job = replace(job, tag=job.tag + 1)  # what it leaves in the window stays there
    other_store = replace(store, tag=store.tag + 1, address=store.address + size)
    instructions = (
        begin,
        load,
        weights,
        replace(load, advance=rest),
        weights,
        job,
        other_job,
        store,
        other_store,
        end,
    )
    outputs = (
        *tiny.outputs,
        *(replace(tensor, name=f"{tensor.name}_again", address=tensor.address + size) for tensor in tiny.outputs),
    )
    program = replace(tiny, name="full_window", instructions=instructions, outputs=outputs)
    broken = violations(instructions, target, program.memory_bytes)
    assert not broken, broken
    return program
