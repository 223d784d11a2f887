"""Address of the window read of every step, without a multiplier."""

from functools import reduce
from operator import or_

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.descriptor import descriptor_layout
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.tile.loop_nest import LEVELS


class WindowWalk(wiring.Component):
    """Each loop remembers the address at which its present turn began; a loop that goes on adds its stride to that.

    Members
    -------
    job : In, fields of a JOB
    load, base : In, the unit begins at ``base``
    advance, next_loop : In, see :class:`LoopNest`; the operands of the adder wait for the latter alone
    address : Out, of the present cycle's step, modulo the window's size
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        address = range(target.window_activations)
        super().__init__(
            {
                "job": In(descriptor_layout(isa.Job, target)),
                "load": In(1),
                "base": In(address),
                "advance": In(len(LEVELS)),
                "next_loop": In(len(LEVELS)),
                "address": Out(address),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        bits = len(self.base)
        starts = [
            Signal(bits, name=f"start_{count}", reset_less=True) if level else self.address
            for level, (count, _) in enumerate(LEVELS)
        ]

        def chosen(values: list[Value]) -> Value:
            return reduce(or_, (Mux(self.next_loop[level], value, 0) for level, value in enumerate(values)))

        # Strides are signed; modulo the window's size, a power of two, their low bits are enough.
        strides = [Signal(bits, name=f"{stride}_bits") for _, stride in LEVELS]
        m.d.comb += [low.eq(self.job[stride]) for low, (_, stride) in zip(strides, LEVELS, strict=True)]
        following = Signal(bits)
        m.d.comb += following.eq(chosen(starts) + chosen(strides))
        for level, start in enumerate(starts):
            with m.If(self.load):
                m.d.sync += start.eq(self.base)
            with m.Elif(self.advance[level:].any()):
                m.d.sync += start.eq(following)
        return m
