"""A case: a program, its inputs, the memory that it meets, and the codes that must come of it."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from tileloom.hw.spec.config import MemoryModel
from tileloom.hw.spec.program import Codes, Program, TensorMap
from tileloom.hw.spec.result import Result

WINDOW = "address window"
"""Name of the tap that holds every byte of a program's memory: it shows what is stored beside its place."""


@dataclass(frozen=True, eq=False)
class Case:
    """One program for all engines.

    ``expected`` are codes by tensor name; tensors that are not in it must be what the functional simulator gives. With
    a ``pauses_seed`` the memory of the RTL pauses at random on every channel: then data must be equal, and cycles
    bounded.
    """

    title: str
    program: Program
    inputs: dict[str, Codes]
    expected: dict[str, Codes] = field(default_factory=dict)
    memory: MemoryModel | None = None
    pauses_seed: int | None = None
    padded: bool = False
    """Whether STOREs take along bytes of a slot to which no result was written: the padding of channel blocks."""

    @property
    def frames(self) -> int:
        """Frames that run one after another."""
        return len(next(iter(self.inputs.values()))) if self.inputs else 1


def with_window(program: Program) -> Program:
    """The program with one more tap: its whole address window."""
    size = program.memory_bytes
    return replace(program, taps=(*program.taps, TensorMap(WINDOW, 0, size, 1, 1, size, 1.0, 0, shape=(size,))))


def without(result: Result, undefined: npt.NDArray[np.bool_]) -> Result:
    """The result with zeros for undefined bytes ``(frames, bytes, 1, 1)`` of the address window."""
    return replace(result, taps={**result.taps, WINDOW: np.where(undefined, np.int8(0), result.taps[WINDOW])})
