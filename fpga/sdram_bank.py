"""What a controller knows of one bank of an SDRAM: its open row, and what it may do already."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.fpga.sdram_chip import BURST_WORDS, SdramCycles


class Wait(wiring.Component):
    """Cycles that must pass: after ``start`` in cycle t, ``over`` holds again from cycle t + ``cycles`` on."""

    start: In(1)
    over: Out(1, init=1)

    def __init__(self, cycles: int) -> None:
        if cycles < 1:
            raise ValueError(f"cycles must be at least 1, not {cycles!r}")
        self.cycles = cycles
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.cycles == 1:
            m.d.comb += self.over.eq(1)
            return m
        # `over` is a register of its own, so that nothing has to compare the count with 0 in the cycle of its use.
        left = Signal(range(self.cycles))
        with m.If(self.start):
            m.d.sync += [left.eq(self.cycles - 2), self.over.eq(0)]
        with m.Else():
            m.d.sync += self.over.eq(left == 0)
            with m.If(left != 0):
                m.d.sync += left.eq(left - 1)
        return m


class SdramBank(wiring.Component):
    """One bank. The strobes say which command is given to it in this cycle, at most one.

    Members
    -------
    activate, precharge, read, write : In, commands to this bank
    row : In, of ``activate``
    is_open, open_row : Out, the row that is or will be open after the command of the cycle before
    may_activate, may_access, may_precharge : Out, this bank's own times allow the command in this cycle
    """

    def __init__(self, row_bits: int, cycles: SdramCycles) -> None:
        self.cycles = cycles
        super().__init__(
            {
                "activate": In(1),
                "precharge": In(1),
                "read": In(1),
                "write": In(1),
                "row": In(row_bits),
                "is_open": Out(1),
                "open_row": Out(row_bits),
                "may_activate": Out(1),
                "may_access": Out(1),
                "may_precharge": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.precharged = precharged = Wait(self.cycles.precharge)
        m.submodules.row_cycle = row_cycle = Wait(self.cycles.row_cycle)
        m.submodules.activated = activated = Wait(self.cycles.row_to_column)
        m.submodules.row_open = row_open = Wait(self.cycles.row_open)
        m.submodules.has_read = has_read = Wait(BURST_WORDS)
        m.submodules.has_written = has_written = Wait(self.cycles.write_to_precharge)
        m.d.comb += [
            precharged.start.eq(self.precharge),
            row_cycle.start.eq(self.activate),
            activated.start.eq(self.activate),
            row_open.start.eq(self.activate),
            has_read.start.eq(self.read),
            has_written.start.eq(self.write),
            self.may_activate.eq(precharged.over & row_cycle.over),
            self.may_access.eq(activated.over),
            self.may_precharge.eq(row_open.over & has_read.over & has_written.over),
        ]
        with m.If(self.activate):
            m.d.sync += [self.is_open.eq(1), self.open_row.eq(self.row)]
        with m.Elif(self.precharge):
            m.d.sync += self.is_open.eq(0)
        return m
