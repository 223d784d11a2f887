"""A board's top level: pins and clock around :class:`~tileloom.fpga.board_system.BoardSystem`."""

from typing import Any

from amaranth import Elaboratable, Module
from amaranth.lib.wiring import connect

from tileloom.fpga.board_system import BoardSystem
from tileloom.fpga.boards import Board, MemoryKind
from tileloom.fpga.direct_clock import DirectClock
from tileloom.fpga.ecp5_clock import Ecp5Clock
from tileloom.fpga.make_memory import make_memory
from tileloom.fpga.sdram_pads import CLOCK_LEAD_NS, Ecp5SdramPads
from tileloom.hw.spec.config import Target


class BoardTop(Elaboratable):
    """Oscillator to PLL (on an ECP5), UART pins to the system, its interrupt to the first LED, an SDRAM to its pads.

    Parameters
    ----------
    board, target : what is built; the clock is the target's, or the nearest below that the PLL makes; without a PLL
        the oscillator's
    """

    def __init__(self, board: Board, target: Target) -> None:
        self.board = board
        lead_ns = CLOCK_LEAD_NS if board.memory is MemoryKind.SDRAM else None
        self.clock: Ecp5Clock | DirectClock
        if board.family == "ecp5":
            self.clock = Ecp5Clock(board.oscillator_hz, target.clock_hz, lead_ns)
            self.clock_hz = self.clock.setting.clock_hz
        else:
            self.clock = DirectClock(board.oscillator_hz)
            self.clock_hz = self.clock.clock_hz
        divisor = round(self.clock_hz / board.bits_per_second)
        self.memory = make_memory(board, target, self.clock_hz)
        self.system = BoardSystem(target, self.memory, divisor)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.domains += self.clock.domains()
        m.submodules.clock = self.clock
        m.submodules.system = self.system
        oscillator = platform.request(self.board.oscillator, dir="i")
        uart = platform.request("uart", 0)
        led = platform.request(self.board.led, 0)
        m.d.comb += [
            self.clock.oscillator.eq(oscillator.i),
            self.system.rx.eq(uart.rx.i),
            uart.tx.o.eq(self.system.tx),
            (led.g if hasattr(led, "g") else led).o.eq(self.system.interrupt),
        ]
        if self.board.memory is MemoryKind.SDRAM:
            m.submodules.pads = pads = Ecp5SdramPads(len(self.system.pins.address))
            connect(m, self.system.pins, pads.pins)
        if hasattr(platform, "add_clock_constraint"):
            platform.add_clock_constraint(self.clock.clock, self.clock_hz)
        return m
