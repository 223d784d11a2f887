"""How a run can end badly: the machine halts with a status, or the program breaks a rule that no status guards."""

from tileloom.hw.spec.program import ProgramError
from tileloom.hw.spec.registers import Error


class MachineError(Exception):
    """The machine notices and halts with ``code``; a run reports it in :class:`~tileloom.hw.spec.result.Result`."""

    def __init__(self, code: Error) -> None:
        super().__init__(code.name)
        self.code = code


class BrokenRule(ProgramError):
    """The program does what the machine does not guard against, for example frees data that a unit still reads."""


class Deadlock(ProgramError):
    """Nothing can go on before END; the text names who waits for what."""
