"""The system clock of a small FPGA: the board's oscillator itself."""

from amaranth import ClockDomain, ClockSignal, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In


class DirectClock(wiring.Component):
    """Drives domain ``sync`` with ``oscillator``; every register begins as the bitstream says, and there is no reset.

    Members
    -------
    oscillator : the board's clock pin

    Attributes
    ----------
    clock : the oscillator, for a timing constraint
    clock_hz : its frequency
    """

    oscillator: In(1)

    def __init__(self, oscillator_hz: int) -> None:
        self.clock_hz = oscillator_hz
        self.clock = Signal(name="system_clock")
        super().__init__()

    def domains(self) -> list[ClockDomain]:
        """The domain that it drives, which its parent adds."""
        return [ClockDomain("sync", reset_less=True)]

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.d.comb += [self.clock.eq(self.oscillator), ClockSignal("sync").eq(self.clock)]
        return m
