"""The boards that ``tileloom build --board`` knows."""

from dataclasses import dataclass, replace
from enum import Enum

from tileloom.fpga.tools import BuildError


class MemoryKind(Enum):
    """What the accelerator's memory is made of."""

    BLOCK_RAM = "block RAM"
    SDRAM = "SDRAM"


@dataclass(frozen=True)
class Board:
    """A board: its platform in amaranth-boards, the preset that fits it, and the memory beside the accelerator."""

    name: str
    title: str
    platform: str
    """``module:class`` below ``amaranth_boards``."""
    target: str
    """Preset in ``hw/spec/targets``; its ``clock_hz`` is the clock that the build must meet."""
    memory_bytes: int
    """Size of the accelerator's memory."""
    oscillator: str
    oscillator_hz: int
    bits_per_second: int
    loader: str
    """The board's name in openFPGALoader."""
    device_lut: int
    device_ff: int
    device_dsp: int
    device_bram: int
    """Block RAMs of 18 kbit."""
    memory: MemoryKind = MemoryKind.BLOCK_RAM

    @property
    def block_ram_bytes(self) -> int:
        """Bytes of the memory that take block RAMs."""
        return self.memory_bytes if self.memory is MemoryKind.BLOCK_RAM else 0


ULX3S = Board(
    name="ulx3s-85f",
    title="Radiona ULX3S, Lattice ECP5 LFE5U-85F",
    platform="ulx3s:ULX3S_85F_Platform",
    target="ulx3s",
    memory_bytes=128 * 1024,
    oscillator="clk25",
    oscillator_hz=25_000_000,
    bits_per_second=1_000_000,
    loader="ulx3s",
    device_lut=83_640,
    device_ff=83_640,
    device_dsp=156,
    device_bram=208,
)
BOARDS = (
    ULX3S,
    replace(
        ULX3S,
        name="ulx3s-85f-sdram",
        title=f"{ULX3S.title}, its SDRAM as memory",
        memory=MemoryKind.SDRAM,
        memory_bytes=32 * 1024 * 1024,
    ),
)


def find_board(name: str) -> Board:
    """The board of that name; an unknown one is refused with the list of known ones."""
    for board in BOARDS:
        if board.name == name:
            return board
    raise BuildError(f"board {name!r} is not known; use one of {', '.join(board.name for board in BOARDS)}")
