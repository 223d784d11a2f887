"""Keeps the answers of a client in order although it reads from two memories."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.config import Target


class SpaceGuard(wiring.Component):
    """Counts a client's bursts under way, all of which are in one space.

    Members
    -------
    space : In(1), of the burst that is offered
    granted, retire : In(1)
    clear : Out(1), no burst is under way in the other space
    idle : Out(1), no burst is under way
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__({"space": In(1), "granted": In(1), "retire": In(1), "clear": Out(1), "idle": Out(1)})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        under_way = Signal(range(self.target.outstanding + 1))
        space = Signal()
        m.d.comb += [self.idle.eq(under_way == 0), self.clear.eq(self.idle | (space == self.space))]
        m.d.sync += under_way.eq(under_way + self.granted - self.retire)
        with m.If(self.granted):
            m.d.sync += space.eq(self.space)
        return m
