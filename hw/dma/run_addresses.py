"""The runs of a LOAD: where each begins, in the order in which they are read."""

from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.descriptor import descriptor_layout
from tileloom.hw.dma.loop_address import LoopAddress
from tileloom.hw.dma.loop_nest import LoopNest
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target

LEVELS = (("rows", "run_stride"), ("blocks", "block_stride"), ("parts", "part_stride"), ("bands", "band_stride"))
"""Counts and strides, innermost first; the rows of a block are counted in runs of ``rows_per_run``."""


class RunAddresses(wiring.Component):
    """Walks over the runs of a descriptor; one without rows has one pass for every chunk.

    Parameters
    ----------
    target
    bits : low bits of the address that are wanted, 1 .. 32

    Members
    -------
    load : In(1), takes the descriptor ``words``; step : In(1), to the next run
    following : Out(bits), address of the next run
    next_run, next_part, next_band : Out(1), the next run is of the same part, of the next part, of the next band
    done : Out(1), there is no next run
    """

    def __init__(self, target: Target, bits: int) -> None:
        self.target = target
        self.bits = bits
        self.layout = descriptor_layout(isa.Load, target)
        super().__init__(
            {
                "load": In(1),
                "words": In(self.layout.size),
                "step": In(1),
                "following": Out(bits),
                "next_run": Out(1),
                "next_part": Out(1),
                "next_band": Out(1),
                "done": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        given, steady = data.View(self.layout, self.words), self.target.compact
        levels = [level for level in LEVELS if level[0] != "parts" or self.target.has_parts]
        m.submodules.nest = nest = LoopNest([given[count].shape().width for count, _ in levels], steady=steady)
        m.submodules.places = places = LoopAddress(len(levels), self.bits, steady=steady)
        for level, (count, stride) in enumerate(levels):
            m.d.comb += getattr(nest, f"count{level}").eq(given[count])
            m.d.comb += getattr(places, f"stride{level}").eq(given[stride])
        with m.If(given.rows == 0):
            m.d.comb += nest.count1.eq(1)
        m.d.comb += [
            *(nest.load.eq(self.load), nest.step.eq(self.step), nest.amount.eq(given.rows_per_run)),
            *(places.load.eq(self.load), places.step.eq(self.step), places.advance.eq(nest.advance)),
            places.start.eq(given.address),
            self.following.eq(places.following),
            self.next_run.eq(nest.advance[:2].any()),
            self.next_part.eq(nest.advance[2] if self.target.has_parts else 0),
            self.next_band.eq(nest.advance[-1]),
            self.done.eq(nest.done),
        ]
        return m
