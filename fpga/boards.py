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
    led: str = "led"
    """The platform's name of the light that shows the interrupt."""
    family: str = "ecp5"
    """Key of ``FAMILIES`` in :mod:`.families`: which tools build it."""
    refusal: str = ""
    """Of a board that is too small: what the smallest machines take, and how that is known."""

    @property
    def block_ram_bytes(self) -> int:
        """Bytes of the memory that take block RAMs."""
        return self.memory_bytes if self.memory is MemoryKind.BLOCK_RAM else 0


ULX3S = Board(
    name="ulx3s-85f",
    title="Radiona ULX3S, Lattice ECP5 LFE5U-85F",
    platform="ulx3s:ULX3S_85F_Platform",
    target="ulx3s128",
    memory_bytes=192 * 1024,
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
        target="ulx3s",
        memory=MemoryKind.SDRAM,
        memory_bytes=32 * 1024 * 1024,
    ),
    Board(
        name="ecpix-5-85f",
        title="LambdaConcept ECPIX-5, Lattice ECP5-5G LFE5UM5G-85F",
        platform="ecpix5:ECPIX585Platform",
        target="ulx3s",
        memory_bytes=128 * 1024,
        oscillator="clk100",
        oscillator_hz=100_000_000,
        bits_per_second=1_000_000,
        loader="ecpix5_r03",
        led="rgb_led",
        device_lut=83_640,
        device_ff=83_640,
        device_dsp=156,
        device_bram=208,
    ),
    Board(
        name="icepi-zero",
        title="Icepi Zero, Lattice ECP5 LFE5U-25F",
        platform="icepi_zero:IcepiZero1_3Platform",
        target="ecp5_25f",
        memory_bytes=40 * 1024,
        oscillator="clk50",
        oscillator_hz=50_000_000,
        bits_per_second=1_000_000,
        loader="icepi-zero",
        device_lut=24_288,
        device_ff=24_288,
        device_dsp=28,
        device_bram=56,
    ),
)
TOO_SMALL = (
    Board(
        name="icebreaker",
        title="1BitSquared iCEBreaker, Lattice iCE40UP5K",
        platform="icebreaker:ICEBreakerPlatform",
        target="tang9k",
        memory_bytes=8 * 1024,
        oscillator="clk12",
        oscillator_hz=12_000_000,
        bits_per_second=1_000_000,
        loader="ice40_generic",
        device_lut=5_280,
        device_ff=5_280,
        device_dsp=8,
        device_bram=6,
        refusal="a compact machine of 4 MACs takes without the board 5,540 LUT4, 4,457 flip-flops, 9 multipliers and "
        "34 block RAMs of 4 kbit (synthesised) of its 5,280 places, 8 and 30",
    ),
    Board(
        name="tang-nano-9k",
        title="Sipeed Tang Nano 9K, Gowin GW1NR-9C",
        platform="tang_nano_9k:TangNano9kPlatform",
        target="tang9k",
        memory_bytes=16 * 1024,
        family="gowin",
        oscillator="clk27",
        oscillator_hz=27_000_000,
        bits_per_second=1_000_000,
        loader="tangnano9k",
        device_lut=8_640,
        device_ff=6_480,
        device_dsp=40,
        device_bram=26,
        refusal="8 MACs (preset tang9k with a window of 2 KB) take 7,918 LUTs of 8,640 and 6,204 of 6,480 flip-flops "
        "when they are packed, and are not placed; 16 would take 9,840 and 7,742 (estimated)",
    ),
)
"""Boards with less logic than the smallest machine takes; they are known so that the arithmetic can be shown."""


def find_board(name: str) -> Board:
    """The board of that name; an unknown one is refused with the list of known ones."""
    for board in (*BOARDS, *TOO_SMALL):
        if board.name == name:
            return board
    raise BuildError(f"board {name!r} is not known; use one of {', '.join(board.name for board in BOARDS)}")
