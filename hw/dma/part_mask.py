"""The mask of tiles that moves on with every part."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.config import Target


class PartMask(wiring.Component):
    """``start << (part * shift)``, cut to the tiles that there are.

    Members
    -------
    load : In(1), takes ``start`` and ``shift`` and begins at part 0
    next_part, first_part : In(1), in the next cycle the mask is that of the next part, of part 0
    mask : Out(tiles)
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__(
            {
                "load": In(1),
                "start": In(32),
                "shift": In(6),
                "next_part": In(1),
                "first_part": In(1),
                "mask": Out(target.tiles),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        tiles = self.target.tiles
        if not self.target.has_parts:
            m.d.comb += self.mask.eq(self.start)
            return m
        first, mask, shift = (
            Signal(tiles, reset_less=True),
            Signal(tiles, reset_less=True),
            Signal(6, reset_less=True),
        )
        m.d.comb += self.mask.eq(mask)
        begin = [first.eq(self.start), mask.eq(self.start), shift.eq(self.shift)]
        if self.target.compact:  # start and shift stay what they are while the descriptor is worked on
            first, shift, begin = self.start, self.shift, [mask.eq(self.start)]
        with m.If(self.load):
            m.d.sync += begin
        with m.Elif(self.first_part):
            m.d.sync += mask.eq(first)
        with m.Elif(self.next_part):
            m.d.sync += mask.eq(mask << shift)
        return m
