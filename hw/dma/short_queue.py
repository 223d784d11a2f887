"""A queue of a few registers whose head is a register."""

from amaranth.hdl import Module, ShapeLike, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class ShortQueue(wiring.Component):
    """First in, first out; an item pushed in cycle ``t`` can be at the head from ``t + 1``.

    The user pushes only where there is room: it knows by a count of its own that at most ``depth`` items are inside.

    Parameters
    ----------
    shape : of an item
    depth : items, at least 1

    Members
    -------
    push : In(1), takes ``i``
    i : In(shape)
    pop : In(1), drops the head; only while ``valid``; a push in the same cycle needs no free place
    valid : Out(1)
    o : Out(shape), the head while ``valid``
    """

    def __init__(self, shape: ShapeLike, depth: int) -> None:
        if depth < 1:
            raise ValueError(f"depth must be at least 1, not {depth!r}")
        self.shape = shape
        self.depth = depth
        super().__init__({"push": In(1), "i": In(shape), "pop": In(1), "valid": Out(1), "o": Out(shape)})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        items = [Signal(self.shape, reset_less=True, name=f"item{n}") for n in range(self.depth)]
        full = [Signal(name=f"full{n}") for n in range(self.depth)]
        m.d.comb += [self.valid.eq(full[0]), self.o.eq(items[0])]
        for n in range(self.depth):
            # Place n fills from the one behind it when the head leaves, else from the input when it is the first free.
            behind = full[n + 1] if n + 1 < self.depth else 0
            before = full[n - 1] if n else 1
            with m.If(self.pop):
                m.d.sync += full[n].eq(behind | (full[n] & self.push))
                with m.If(behind):
                    m.d.sync += items[n].eq(items[min(n + 1, self.depth - 1)])
                with m.Elif(full[n]):
                    m.d.sync += items[n].eq(self.i)
            with m.Elif(self.push & before & ~full[n]):
                m.d.sync += [full[n].eq(1), items[n].eq(self.i)]
        return m
