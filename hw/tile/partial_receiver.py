"""Partial sums from the tile before: the halves of the accumulator memory that take them."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.interfaces import PartialLine
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.timing import PARTIAL_BUFFERS
from tileloom.hw.tile.accumulators import accumulator_layout


class PartialReceiver(wiring.Component):
    """Halves are claimed, filled, used and freed in turn from half 0. Every strobe of cycle t counts from t + 1.

    An entry on the line in cycle x is presented to the accumulator memory in x + 1.

    Members
    -------
    line : In, see :class:`PartialLine`
    ready : Out, the oldest half is full
    start : In, a unit that uses it begins
    offset : Out, its first entry, until ``finish``
    finish : In, the unit's last cycle
    free : In, a half is free again
    receive, entry, sums : Out, a write into the accumulator memory
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        entry = range(target.accumulator_entries)
        super().__init__(
            {
                "line": In(PartialLine(target)),
                "ready": Out(1),
                "start": In(1),
                "offset": Out(entry),
                "finish": In(1),
                "free": In(1),
                "receive": Out(1),
                "entry": Out(entry),
                "sums": Out(accumulator_layout(target)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        line = self.line
        half = self.target.accumulator_entries // PARTIAL_BUFFERS
        free, full = Signal(range(PARTIAL_BUFFERS + 1), init=PARTIAL_BUFFERS), Signal(range(PARTIAL_BUFFERS + 1))
        filling, using = Signal(), Signal()
        m.d.comb += [
            line.room.eq(free != 0),
            self.ready.eq(full != 0),
            self.offset.eq(Mux(using, half, 0)),
        ]
        m.d.sync += [
            free.eq(free - line.claim + self.free),
            full.eq(full + line.done - self.start),
            filling.eq(filling ^ line.done),
            using.eq(using ^ self.finish),
        ]
        s1_entry = Signal.like(line.entry, reset_less=True)
        s1_sums = Signal.like(self.sums, reset_less=True)
        m.d.sync += self.receive.eq(line.valid)
        with m.If(line.valid):
            m.d.sync += [s1_entry.eq(line.entry), s1_sums.eq(line.sums)]
        m.d.comb += [self.entry.eq(s1_entry + Mux(filling, half, 0)), self.sums.eq(s1_sums)]
        return m
