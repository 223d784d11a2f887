"""The cycle-exact simulator: how long a program takes, to the cycle, and what every tile waits for."""

from dataclasses import replace

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import MemoryModel
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import Cause, Error
from tileloom.hw.spec.result import FrameTiming, Result
from tileloom.sim.cycle.counts import count_events, total_events
from tileloom.sim.cycle.deadlock import Deadlock, standstill, waiting_units
from tileloom.sim.cycle.machine import Machine


def simulate(program: Program, memory: MemoryModel | None = None, frames: int = 1) -> Result:
    """Cycles, job trace, stalls by cause and event counts of a program; no data.

    Parameters
    ----------
    program : checked by ``hw.spec.validate``; its words are decoded again, as the machine would
    memory : the memory behind the port; the target's own by default
    frames : frames, each begun by a start strobe of its own; they are all alike

    Raises
    ------
    Deadlock : nothing can happen any more before END; the message names every unit that waits, and for what
    """
    instructions = isa.decode_all(program.words)
    begin = instructions[0]
    if not isinstance(begin, isa.Begin):
        return Result(engine="cycle", error=Error.ILLEGAL_INSTRUCTION)
    if begin.version != isa.FORMAT_VERSION:
        return Result(engine="cycle", error=Error.WRONG_VERSION)
    if begin.target_hash != program.target.hash:
        return Result(engine="cycle", error=Error.WRONG_TARGET)
    machine = Machine(program.target, memory or program.target.memory, instructions, program.instruction_address)
    timing = machine.run()
    if timing is None:
        raise Deadlock(waiting_units(machine, program.jobs), standstill(machine))
    return Result(
        engine="cycle",
        frames=tuple(_copy(timing) for _ in range(frames)),
        program_counter=machine.sequencer.popped - 1,
        events=total_events(count_events(instructions, program.target)),
    )


def _copy(timing: FrameTiming) -> FrameTiming:
    stalls: tuple[dict[Cause, int], ...] = tuple(dict(stalls) for stalls in timing.stalls)
    return replace(timing, stalls=stalls)
