"""Address of the weight word of every constants and step cycle."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.config import Target
from tileloom.hw.tile.weight_buffer import ring_sum


class WeightWalk(wiring.Component):
    """A group is its constant words and then one word per step of a pixel; every pixel reads the same words.

    Members
    -------
    load, base : In, the unit begins at ``base``
    group_words : In, from a group to the next, at most the ring's size
    constants, constants_last, step, pixel_end, group_next : In, what the present cycle is, see :class:`LoopNest`
    address : Out, of the present cycle's word
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        address = range(target.weight_words)
        super().__init__(
            {
                "load": In(1),
                "base": In(address),
                "group_words": In(16),
                "constants": In(1),
                "constants_last": In(1),
                "step": In(1),
                "pixel_end": In(1),
                "group_next": In(1),
                "address": Out(address),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        depth = self.target.weight_words
        shape = self.base.shape()
        words = Signal(range(depth + 1))
        group = Signal(shape, reset_less=True)  # first constants word of this group
        next_group = Signal(shape, reset_less=True)
        pixel = Signal(shape, reset_less=True)  # word of a pixel's first step
        following = Signal(shape)
        m.d.comb += [words.eq(self.group_words), following.eq(ring_sum(self.address, 1, depth))]
        # A group lasts two cycles or more, so that its successor is known in time.
        m.d.sync += next_group.eq(ring_sum(group, words, depth))
        with m.If(self.load):
            m.d.sync += [self.address.eq(self.base), group.eq(self.base)]
        with m.Elif(self.group_next):
            m.d.sync += [self.address.eq(next_group), group.eq(next_group)]
        with m.Elif(self.pixel_end):
            m.d.sync += self.address.eq(pixel)
        with m.Elif(self.constants | self.step):
            m.d.sync += self.address.eq(following)
        with m.If(self.constants_last):
            m.d.sync += pixel.eq(following)
        return m
