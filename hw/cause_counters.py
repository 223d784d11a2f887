"""Stall counters: cycles of all tiles, by cause."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.registers import Cause


class CauseCounters(wiring.Component):
    """One 32-bit counter for each :class:`Cause`, adding the tiles that have it in a cycle; two cycles late.

    Members
    -------
    clear : In(1), sets all to 0
    running : In(1), cycles count only while it is high
    causes : In(3) for each tile
    counts : Out(32) for each cause
    """

    def __init__(self, tiles: int) -> None:
        self.tiles = tiles
        super().__init__(
            {
                "clear": In(1),
                "running": In(1),
                "causes": In(3).array(tiles),
                "counts": Out(32).array(len(Cause)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        for cause, count in zip(Cause, self.counts, strict=True):
            now = Signal(range(self.tiles + 1), name=f"now_{cause.name.lower()}")
            m.d.sync += now.eq(sum((c == cause) & self.running for c in self.causes))
            m.d.sync += count.eq(count + now)
            with m.If(self.clear):
                m.d.sync += count.eq(0)
        return m
