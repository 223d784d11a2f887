"""The pads of an ECP5 between a controller and its SDRAM chip, and the phase of the chip's clock."""

from typing import Any

from amaranth import Module
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In

from tileloom.fpga.sdram_pins import SdramPins

CLOCK_LEAD_NS = 4.0
"""How far the chip's clock leads the system's clock.

Clock and data are delayed alike on the way out. Commands have the period less 4 ns to be there before the chip's edge
(1.5 ns are needed) and stay for 4 ns behind it (0.8). What the chip sends is taken by the system clock 4 ns behind the
chip's next edge: it is there at latest 4 (clock's pad) + 6.5 (access time) + 1.5 (pad, setup) = 12 ns behind the edge
that launched it, a period + 4 ns being allowed, which holds up to 125 MHz; it stays until 2 (clock's pad) + 2.5 (hold
time) + 1 (pad) = 5.5 ns behind the chip's next edge, 4 being needed. The delays of the pads are estimates; no board has
been measured.
"""


class Ecp5SdramPads(wiring.Component):
    """Registers in the pads, clocked by ``sync``; the chip's clock is that of domain ``sdram``.

    Members
    -------
    pins : from the controller
    """

    def __init__(self, address_bits: int) -> None:
        super().__init__({"pins": In(SdramPins(address_bits))})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        pins, chip = self.pins, platform.request("sdram", 0, dir="-")
        m.submodules.clock = clock = io.DDRBuffer("o", chip.clk, o_domain="sdram")
        m.d.comb += [clock.o[0].eq(1), clock.o[1].eq(0)]
        for name in ("cs", "clk_en"):
            m.submodules[name] = always = io.Buffer("o", getattr(chip, name))
            m.d.comb += always.o.eq(1)
        outputs = {
            "ras": pins.command[0],
            "cas": pins.command[1],
            "we": pins.command[2],
            "ba": pins.bank,
            "a": pins.address,
            "dqm": pins.mask,
        }
        for name, value in outputs.items():
            m.submodules[name] = output = io.FFBuffer("o", getattr(chip, name))
            m.d.comb += output.o.eq(value)
        m.submodules.dq = words = io.FFBuffer("io", chip.dq)
        m.d.comb += [words.o.eq(pins.data_o), words.oe.eq(pins.data_enable), pins.data_i.eq(words.i)]
        return m
