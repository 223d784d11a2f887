"""The watchdog: notices that nothing moves any more."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Watchdog(wiring.Component):
    """Counts successive cycles without progress.

    Parameters
    ----------
    cycles : cycles without progress that are too many, 1 or more

    Members
    -------
    running : In(1), cycles count only while it is high
    progress : In(1), something moves in this cycle
    expired : Out(1), high in the last of ``cycles`` successive running cycles without progress
    """

    def __init__(self, cycles: int) -> None:
        if cycles < 1:
            raise ValueError(f"cycles must be at least 1, not {cycles!r}")
        self.cycles = cycles
        super().__init__({"running": In(1), "progress": In(1), "expired": Out(1)})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        left = Signal(range(self.cycles), init=self.cycles - 1)
        m.d.comb += self.expired.eq(self.running & ~self.progress & (left == 0))
        with m.If(self.progress | ~self.running | (left == 0)):
            m.d.sync += left.eq(self.cycles - 1)
        with m.Else():
            m.d.sync += left.eq(left - 1)
        return m
