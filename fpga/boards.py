"""The boards that ``tileloom build --board`` knows."""

from dataclasses import dataclass

from tileloom.fpga.tools import BuildError


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
    """Block RAM used as the accelerator's memory."""
    oscillator: str
    oscillator_hz: int
    bits_per_second: int
    device_lut: int
    device_ff: int
    device_dsp: int
    device_bram: int
    """Block RAMs of 18 kbit."""


BOARDS = (
    Board(
        name="ulx3s-85f",
        title="Radiona ULX3S, Lattice ECP5 LFE5U-85F",
        platform="ulx3s:ULX3S_85F_Platform",
        target="ulx3s",
        memory_bytes=128 * 1024,
        oscillator="clk25",
        oscillator_hz=25_000_000,
        bits_per_second=1_000_000,
        device_lut=83_640,
        device_ff=83_640,
        device_dsp=156,
        device_bram=208,
    ),
)


def find_board(name: str) -> Board:
    """The board of that name; an unknown one is refused with the list of known ones."""
    for board in BOARDS:
        if board.name == name:
            return board
    raise BuildError(f"board {name!r} is not known; use one of {', '.join(board.name for board in BOARDS)}")
