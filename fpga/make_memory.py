"""The memory component of a board."""

from amaranth.lib import wiring

from tileloom.fpga.board_memory import BoardMemory
from tileloom.fpga.boards import Board, MemoryKind
from tileloom.fpga.sdram_chip import PAD_CYCLES, ULX3S_CHIP
from tileloom.fpga.sdram_memory import SdramMemory
from tileloom.hw.spec.config import Target


def make_memory(board: Board, target: Target, clock_hz: int) -> wiring.Component:
    """The accelerator's memory on that board, as :class:`~tileloom.fpga.board_core.BoardCore` takes it."""
    match board.memory:
        case MemoryKind.BLOCK_RAM:
            return BoardMemory(target, board.memory_bytes)
        case MemoryKind.SDRAM:
            memory = SdramMemory(target, ULX3S_CHIP, clock_hz, PAD_CYCLES)
            if memory.size_bytes != board.memory_bytes:
                raise ValueError(f"memory_bytes must be the chip's {memory.size_bytes}, not {board.memory_bytes!r}")
            return memory
