"""Where a random program's bytes live: weights, inputs, stored regions, and the map buffer."""

from dataclasses import dataclass, replace

from tests.programs.draw import Draw
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import TensorMap

BLOB = 1 << 30
"""Addresses from here on count from the start of the weights, whose place is known only at the end."""


@dataclass(frozen=True)
class Region:
    """Bytes that a LOAD may read, all of them once ``stored`` slots are stored."""

    space: int
    address: int
    size: int
    stored: int = 0
    slots: int = 0
    """Where the region is one run of equal pieces, one for each slot: their number ..."""
    slot_stride: int = 0
    """... their distance in bytes ..."""
    slot_size: int = 0
    """... and their size; piece ``s`` is stored with ``stored - slots + 1 + s`` slots."""


class MemoryPlan:
    """Allocates places one behind the other, with random gaps and alignment; nothing is ever written twice."""

    def __init__(self, target: Target, draw: Draw) -> None:
        self.target = target
        self.draw = draw
        self.blob = bytearray()
        self.inputs: list[TensorMap] = []
        self.outputs: list[TensorMap] = []
        self.readable: list[Region] = []
        self.stored = 0
        self._cursor = 0
        self._map_cursor = 0

    def draw_bytes(self, low: int, high: int) -> int:
        """A number of bytes from ``low`` to ``high``, cut to whole activations."""
        return self.whole(self.draw.integer(low, high))

    def whole(self, size: int) -> int:
        """``size`` bytes cut to whole activations."""
        return size // self.target.element_bytes * self.target.element_bytes

    def weights(self, data: bytes) -> int:
        """Place weights; returns their address, a multiple of the port, in the way of :data:`BLOB`."""
        port = self.target.port_bytes
        self.blob += bytes(-len(self.blob) % port)
        if self.draw.chance(0.3):
            self.blob += bytes(port * self.draw.integer(1, 5))
        address = len(self.blob)
        self.blob += data
        return BLOB + address

    def input(self, size: int) -> Region:
        """A new input of so many bytes."""
        region = Region(int(isa.Space.MEMORY), self._place(size), size)
        self.inputs.append(self._raw(f"input{len(self.inputs)}", region))
        self.readable.append(region)
        return region

    def output(self, size: int) -> int:
        """A new place in memory that a STORE writes; returns its address."""
        region = Region(int(isa.Space.MEMORY), self._place(size), size)
        self.outputs.append(self._raw(f"output{len(self.outputs)}", region))
        return region.address

    def map_place(self, size: int, alignment: int = 1) -> int | None:
        """A place in the map buffer, or None when it is full."""
        alignment = max(alignment, self.target.element_bytes)
        address = -(-(self._map_cursor + self.draw.integer(0, 3)) // alignment) * alignment
        if address + size > self.target.map_bytes:
            return None
        self._map_cursor = address + size
        return address

    def store_earlier(self, slots: int, since: int) -> None:
        """More slots are stored before those of the readable regions from number ``since`` on."""
        self.stored += slots
        for number, region in enumerate(self.readable[since:], since):
            if region.stored:
                self.readable[number] = replace(region, stored=region.stored + slots)

    def forget_map(self) -> None:
        """Behind a BARRIER the map buffer may be written again."""
        self._map_cursor = 0
        self.readable = [region for region in self.readable if region.space == isa.Space.MEMORY]

    def mark(self) -> tuple[int, ...]:
        """What :meth:`reset` goes back to."""
        lengths = (len(self.blob), len(self.inputs), len(self.outputs), len(self.readable))
        return (*lengths, self.stored, self._cursor, self._map_cursor)

    def reset(self, mark: tuple[int, ...]) -> None:
        """Undo what was placed since ``mark``."""
        for kept, length in zip((self.blob, self.inputs, self.outputs, self.readable), mark, strict=False):
            del kept[length:]  # type: ignore[attr-defined]
        self.stored, self._cursor, self._map_cursor = mark[4:]

    @property
    def size(self) -> int:
        """Bytes of memory placed so far, weights not counted."""
        return self._cursor

    def _place(self, size: int) -> int:
        if self.draw.chance(0.5):
            self._cursor += self.draw_bytes(0, 2 * self.target.port_bytes)
        if self.draw.chance(0.1):
            self._cursor += -self._cursor % 4096
        address = self._cursor
        self._cursor += size
        return address

    def _raw(self, name: str, region: Region) -> TensorMap:
        """A region as a vector of activations."""
        width = self.target.element_bytes
        count = region.size // width
        return TensorMap(name, region.address, count, 1, 1, count, 1.0, 0, shape=(count,), element_bytes=width)
