"""The affine address of nested loops, with one adder."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class LoopAddress(wiring.Component):
    """Keeps the address at which the present pass of every loop level began.

    ``load`` takes strides and the start for all levels. A ``step`` adds the stride of the level that goes on to the
    address of that level; the levels inside it begin there.

    Parameters
    ----------
    levels : loops, level 0 innermost
    bits : width of the address, which wraps
    steady : the strides stay what they are while the loops run, and so are not kept

    Members
    -------
    load, step : In(1), never both in a cycle
    advance : In(levels), one-hot
    start, stride0.. : In(bits)
    address : Out(bits), of this pass of level 0
    following : Out(bits), of its next pass; has a meaning where ``advance`` is not 0
    """

    def __init__(self, levels: int, bits: int, *, steady: bool = False) -> None:
        if levels < 1 or bits < 1:
            raise ValueError(f"levels and bits must be at least 1, not {levels!r} and {bits!r}")
        self.levels = levels
        self.bits = bits
        self.steady = steady
        super().__init__(
            {
                "load": In(1),
                "step": In(1),
                "advance": In(levels),
                "start": In(bits),
                "address": Out(bits),
                "following": Out(bits),
                **{f"stride{level}": In(bits) for level in range(levels)},
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        bases = [Signal(self.bits, name=f"base{n}", reset_less=True) for n in range(self.levels)]
        strides = [Signal(self.bits, name=f"held_stride{n}", reset_less=True) for n in range(self.levels)]
        base, stride = Signal(self.bits), Signal(self.bits)
        m.d.comb += [self.following.eq(base + stride), self.address.eq(bases[0])]
        for n in range(self.levels):
            given = getattr(self, f"stride{n}")
            keep = [] if self.steady else [strides[n].eq(given)]
            with m.If(self.advance[n]):
                m.d.comb += [base.eq(bases[n]), stride.eq(given if self.steady else strides[n])]
            with m.If(self.load):
                m.d.sync += [bases[n].eq(self.start), *keep]
            with m.Elif(self.step & self.advance[n:].any()):
                m.d.sync += bases[n].eq(self.following)
        return m
