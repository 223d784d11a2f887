"""What holds data: the two address spaces and the circular logs. The first axis of all data is the frame.

Data that is the same in every frame (weights, as a rule) has a first axis of 1.
"""

import numpy as np
import numpy.typing as npt

from tileloom.hw.spec.program import Codes, code_type
from tileloom.hw.spec.registers import Error
from tileloom.sim.functional.faults import BrokenRule, MachineError

Bytes = npt.NDArray[np.int8]
Activations = Codes
"""Activations, weights or results: int8 or int16, by the target."""
Index = npt.NDArray[np.int64]


def filled(shape: tuple[int, ...], fill: int, element_bytes: int) -> Activations:
    """Activations whose every byte is ``fill``."""
    return np.full((*shape, element_bytes), fill, np.int8).view(code_type(element_bytes))[..., 0]


class AddressSpace:
    """Memory window or map buffer: signed bytes ``(frames, size)``, reached in whole beats of ``port_bytes``.

    Addresses are in bytes, and multiples of ``element_bytes``; data is in activations.
    """

    def __init__(self, data: Bytes, varies: npt.NDArray[np.bool_], port_bytes: int, element_bytes: int = 1) -> None:
        self.data = data
        self._elements: Activations = data.view(code_type(element_bytes))
        self._element_bytes = element_bytes
        self.varies = varies
        """For each byte, whether it may differ between frames."""
        self._port_bytes = port_bytes

    def check(self, first: int, behind: int) -> None:
        """Halt with OUTSIDE_WINDOW unless all beats of bytes ``first`` .. ``behind - 1`` lie in the space."""
        last_beat_end = -(-behind // self._port_bytes) * self._port_bytes
        if first < 0 or last_beat_end > self.data.shape[1]:
            raise MachineError(Error.OUTSIDE_WINDOW)

    def read(self, address: int, offsets: Index) -> Activations:
        """Activations ``(frames, *offsets.shape)``; ``offsets`` count activations."""
        return self._elements[:, address // self._element_bytes + offsets]

    def read_run(self, address: int, size: int) -> Activations:
        """``size`` bytes of activations ``(frames or 1, activations)``: 1 when they are the same in all frames."""
        run = self._elements[:, address // self._element_bytes :][:, : size // self._element_bytes]
        return run if self.varies[address : address + size].any() else run[:1]

    def write(self, address: int, values: Activations) -> None:
        """Store activations ``(frames, activations)`` at an address."""
        first, count = address // self._element_bytes, values.shape[1]
        self._elements[:, first : first + count] = values
        self.varies[address : address + count * self._element_bytes] = True


class Log:
    """A circular buffer with the pointers of ``docs/architecture.md``; they count on, and wrap when they address.

    ``data`` is ``(frames or 1, size)`` activations of ``element_bytes``, or words of ``word`` weights of that size,
    ``(frames or 1, size, word)``.
    """

    def __init__(self, name: str, size: int, frames: int, word: int = 0, fill: int = 0, element_bytes: int = 1) -> None:
        shape = (frames, size, word) if word else (frames, size)
        self.name = name
        self.size = size
        self.data: Activations = filled(shape, fill, element_bytes)
        self.reserved = self.head = self.base = self.tail = 0

    def missing(self, amount: int) -> int:
        """How much must become free before ``amount`` more can be reserved; 0: nothing."""
        return max(0, self.reserved - self.tail + amount - self.size)

    @property
    def present(self) -> int:
        """What a unit may read from ``base`` on."""
        return self.head - self.base

    def write(self, offsets: Index, values: Activations) -> None:
        """Write ``(frames or 1, offsets, ...)`` behind ``head``; of writes to one place the last stays."""
        if len(values) > len(self.data):
            self.data = np.repeat(self.data, len(values), axis=0)
        self.data[:, (self.head + offsets) % self.size] = values

    def read(self, offsets: Index) -> Activations:
        """Read ``(frames or 1, *offsets.shape, ...)`` from ``base`` on."""
        return self.data.take((self.base + offsets) % self.size, axis=1)

    def release(self, forward: int, free: int) -> None:
        """The end of a unit: move ``base`` and ``tail``."""
        self.base += forward
        self.tail += free
        if not self.tail <= self.base <= self.head:
            raise BrokenRule(
                f"the {self.name} log must keep tail <= base <= head, not {self.tail}, {self.base}, {self.head}"
            )


def no_room(tile: int, missing: int) -> str:
    """What an address generator waits for."""
    return f"room in a log of tile {tile}: {missing} more must become free"
