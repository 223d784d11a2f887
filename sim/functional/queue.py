"""The descriptor queue of a unit, as the functional simulator sees it: instructions in order."""

from collections import deque
from typing import TypeVar

from tileloom.hw.spec import isa

Kind = TypeVar("Kind", isa.Load, isa.Weights, isa.Store, isa.Job)


class InstructionQueue:
    """Instructions on their way to a unit of the machine, which is busy from :meth:`take` to :meth:`finish`.

    Parameters
    ----------
    depth_words : depth of the machine's queue; used only where the sequencer asks :meth:`fits`
    """

    def __init__(self, depth_words: int) -> None:
        self._depth_words = depth_words
        self._waiting: deque[isa.Instruction] = deque()
        self._words = 0
        self._busy = False

    def put(self, instruction: isa.Instruction) -> None:
        """Add an instruction."""
        self._waiting.append(instruction)
        self._words += isa.words_of(type(instruction))

    def fits(self, instruction: isa.Instruction) -> bool:
        """Whether a queue of this depth certainly takes the instruction (the shadow behind it is not counted on)."""
        return self._words + isa.words_of(type(instruction)) <= self._depth_words - 2

    @property
    def has_next(self) -> bool:
        """Whether an instruction waits."""
        return bool(self._waiting)

    def take(self, kind: type[Kind]) -> Kind:
        """Remove the oldest instruction; the unit is busy with it."""
        instruction = self._waiting.popleft()
        assert isinstance(instruction, kind)
        self._words -= isa.words_of(kind)
        self._busy = True
        return instruction

    def finish(self) -> None:
        """The instruction taken last is done."""
        self._busy = False

    @property
    def is_idle(self) -> bool:
        """Nothing waits and nothing is under way."""
        return not self._waiting and not self._busy
