"""Who waits for what in RTL that the watchdog has halted.

The registers of the machine and its trace tell what every tile waits for, how far the sequencer came and what was
stored, but neither which stream waits nor how much is missing. That is told by the cycle simulator, run on the same
program: what a standstill looks like does not depend on the memory's timing, so that it must be the same in everything
that the RTL shows. Where it is not, only what the RTL shows is told.
"""

from dataclasses import dataclass

from tileloom.hw.spec import isa
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import CAUSE_TEXTS
from tileloom.sim.cycle.deadlock import Deadlock, Standstill, Waiting
from tileloom.sim.cycle.machine import instruction_words
from tileloom.sim.cycle.simulate import simulate


@dataclass(frozen=True)
class Hang:
    """What a halted machine shows, and who waits.

    ``waiting`` is what the cycle simulator names, empty where it does not stand still as the machine does;
    ``open_reads`` and ``open_writes`` count the bursts that the memory has not answered.
    """

    standstill: Standstill
    open_reads: int
    open_writes: int
    waiting: tuple[Waiting, ...]
    text: str

    def __str__(self) -> str:
        return self.text


def hang_of(program: Program, shown: Standstill, open_reads: int, open_writes: int) -> Hang:
    """Who waits in a machine that shows this."""
    try:
        simulate(program)
    except Deadlock as error:
        if error.standstill == shown and not open_reads and not open_writes:
            place = f"word {shown.program_counter}, {shown.stored} slots stored"
            text = "; ".join(waiting.text for waiting in error.waiting)
            text = f"{text} (as the cycle simulator, which stands still in the machine's own state: {place})"
            return Hang(shown, open_reads, open_writes, error.waiting, text)
    return Hang(shown, open_reads, open_writes, (), _seen(program, shown, open_reads, open_writes))


def _seen(program: Program, shown: Standstill, open_reads: int, open_writes: int) -> str:
    """What the machine alone tells."""
    parts = [f"tile {tile} waits for {CAUSE_TEXTS[cause]}" for tile, cause in enumerate(shown.causes)]
    parts.append(f"the sequencer stands at {_instruction_at(program, shown.program_counter)}")
    if open_reads or open_writes:
        parts.insert(0, f"the memory has not answered {open_reads} reads and {open_writes} writes")
    return "; ".join(parts) + " (the cycle simulator does not stand still there)"


def _instruction_at(program: Program, word: int) -> str:
    """The instruction that holds a word, with its job."""
    end = 0
    for number, instruction in enumerate(program.instructions):
        end += instruction_words(instruction)
        if word < end:
            return f"instruction {number}, {instruction.opcode.name} tag {instruction.tag}{_job(program, instruction)}"
    return f"word {word}, behind the program"


def _job(program: Program, instruction: isa.Instruction) -> str:
    found = next((job for job in program.jobs if job.tag == instruction.tag), None)
    return "" if found is None else f", {found.name}" + (f" at {found.source}" if found.source else "")
