"""Which STORE writes a byte of memory, and from which tile."""

from dataclasses import dataclass

from tileloom.hw.spec import isa
from tileloom.hw.spec.program import Program, TensorMap


@dataclass(frozen=True)
class Writer:
    """The job whose result a byte is."""

    tag: int
    tile: int


def byte_address(tensor: TensorMap, channel: int, y: int, x: int) -> int:
    """Place of an element in its space.

    >>> byte_address(TensorMap("t", 100, 5, 2, 3, 4, 1.0, 0), 4, 1, 2)
    144
    """
    block, rest = divmod(tensor.slots[channel] if tensor.slots else channel, tensor.block)
    element = ((block * tensor.height + y) * tensor.width + x) * tensor.block + rest
    return tensor.address + element * tensor.element_bytes


def writer_of(program: Program, space: int, address: int) -> Writer | None:
    """The last STORE that writes this byte; None where none does."""
    found = None
    for instruction in program.instructions:
        if isinstance(instruction, isa.Store) and instruction.space == space:
            tile = _tile(instruction, address)
            found = found if tile is None else Writer(instruction.tag, tile)
    return found


def _tile(store: isa.Store, address: int) -> int | None:
    for outer in range(store.outer):
        for inner in range(store.inner):
            for part in range(store.parts):
                for subpart in range(store.subparts):
                    start = store.address + outer * store.outer_stride + inner * store.inner_stride
                    start += part * store.part_stride + subpart * store.subpart_stride
                    if any(
                        0 <= address - start - run * store.run_stride < store.run_bytes for run in range(store.runs)
                    ):
                        return store.tile + part * store.part_tiles + subpart * store.subpart_tiles
    return None
