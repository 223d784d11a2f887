"""How an SDRAM is started: a pause, all banks precharged, refreshes, the mode."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from tileloom.fpga.sdram_chip import BURST_WORDS, SdramCycles
from tileloom.fpga.sdram_pins import PRECHARGE_ALL, Command


def mode_word(latency: int) -> int:
    """The mode register: bursts of two words in sequence, for reads and writes.

    >>> hex(mode_word(2))
    '0x21'
    """
    return latency << 4 | BURST_WORDS.bit_length() - 1


class SdramStart(wiring.Component):
    """Gives the commands of the start, then ``done`` stays 1; from its first cycle on the chip takes any command.

    Members
    -------
    command, address : of this cycle, until ``done``
    """

    def __init__(self, address_bits: int, cycles: SdramCycles) -> None:
        self.cycles = cycles
        super().__init__({"command": Out(3), "address": Out(address_bits), "done": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        cycles = self.cycles
        wait = Signal(range(max(cycles.power_up, cycles.refresh_cycle) + 1), init=cycles.power_up)
        refreshes = Signal(range(cycles.initial_refreshes + 1), init=cycles.initial_refreshes)
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.FSM():
            with m.State("PRECHARGE"), m.If(wait == 0):
                m.d.comb += [self.command.eq(Command.PRECHARGE), self.address.eq(PRECHARGE_ALL)]
                m.d.sync += wait.eq(cycles.precharge - 1)
                m.next = "REFRESH"
            with m.State("REFRESH"), m.If(wait == 0):
                m.d.comb += self.command.eq(Command.REFRESH)
                m.d.sync += [wait.eq(cycles.refresh_cycle - 1), refreshes.eq(refreshes - 1)]
                with m.If(refreshes == 1):
                    m.next = "MODE"
            with m.State("MODE"), m.If(wait == 0):
                m.d.comb += [self.command.eq(Command.LOAD_MODE), self.address.eq(mode_word(cycles.latency))]
                m.d.sync += wait.eq(cycles.mode - 1)
                m.next = "SETTLE"
            with m.State("SETTLE"), m.If(wait == 0):
                m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
        return m
