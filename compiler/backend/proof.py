"""Proof of a compiled program: every static rule of the machine holds, and the cycle simulator runs it to its end."""

from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import Error
from tileloom.hw.spec.result import Result
from tileloom.hw.spec.validate import violations
from tileloom.sim.cycle.simulate import simulate


class ProofError(AssertionError):
    """The compiler has made a program that breaks a rule or does not end: a fault of tileloom, not of the network."""


def prove(program: Program) -> Result:
    """What the cycle simulator says of a program; :class:`ProofError` with what is wrong with it."""
    broken = violations(program.instructions, program.target, program.memory_bytes)
    if broken:
        raise ProofError("\n".join(broken))
    result = simulate(program)
    if result.error is not Error.NONE:
        raise ProofError(f"the program halts with {result.error.name} at word {result.program_counter}")
    return result
