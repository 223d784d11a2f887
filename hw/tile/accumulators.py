"""Full-width sums of a pixel's columns, and the memory that keeps them between units or takes them from a neighbour."""

from amaranth.hdl import Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.config import Target
from tileloom.hw.tile.delay import delayed
from tileloom.hw.tile.mac_array import sum_shape


def accumulate_layout(target: Target) -> data.StructLayout:
    """What the accumulators know of a step.

    ``step``: there is one; ``first``, ``last`` of its pixel; ``maximum``: keep the greatest; ``stored``: begin at the
    sum of ``entry``; ``received``: begin at that sum plus the bias; ``store``: keep the pixel's sum at ``entry``.
    """
    return data.StructLayout(
        {
            "step": unsigned(1),
            "first": unsigned(1),
            "last": unsigned(1),
            "maximum": unsigned(1),
            "stored": unsigned(1),
            "received": unsigned(1),
            "store": unsigned(1),
            "entry": unsigned((target.accumulator_entries - 1).bit_length()),
        }
    )


def accumulator_layout(target: Target) -> data.ArrayLayout:
    """One sum a column."""
    return data.ArrayLayout(signed(target.accumulator_bits), target.columns)


class Accumulators(wiring.Component):
    """Adds the steps of a pixel, from the bias or a stored sum on.

    ``flags`` of a step are presented in cycle t, and in t - 1 as ``ahead``; its ``bias`` stands in t + 1, its ``tree``
    sums in t + 2; with ``last`` the pixel's sums stand in ``sums`` in t + 4, until a further step. A stored sum can
    begin a pixel whose first step is presented five cycles or more after the last step that made it, or three where
    that was the last step of all. No sum leaves the accumulators' width (the compiler proves it).

    A pixel's first step has its sum a cycle before it is due: so the loop of the accumulator has nothing before its
    adder.

    Members
    -------
    flags, ahead : In, see :func:`accumulate_layout`
    bias, tree : In
    sums : Out
    receive, receive_entry, receive_sums : In, the neighbour writes an entry; never while ``store``
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        entry = range(target.accumulator_entries)
        super().__init__(
            {
                "flags": In(accumulate_layout(target)),
                "ahead": In(accumulate_layout(target)),
                "bias": In(accumulator_layout(target)),
                "tree": In(sum_shape(target)),
                "sums": Out(accumulator_layout(target)),
                "receive": In(1),
                "receive_entry": In(entry),
                "receive_sums": In(accumulator_layout(target)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        target = self.target
        width = target.accumulator_bits * target.columns
        m.submodules.memory = memory = Memory(shape=width, depth=target.accumulator_entries, init=[])
        write, read = memory.write_port(), memory.read_port()
        flags, begin, opened, now = delayed(m, self.flags, 3, "flags")
        m.d.comb += [read.addr.eq(self.ahead.entry), read.en.eq(self.ahead.step & self.ahead.first)]

        layout = accumulator_layout(target)
        # The memory's output has a register of its own.
        remembered = Signal(layout, reset_less=True)
        with m.If(flags.step & flags.first):
            m.d.sync += remembered.eq(read.data)
        # The sum that was stored last, still in its register: the memory may not have it yet.
        # Whether that is so is known a cycle ahead: the choice of every column waits for it.
        kept, kept_entry, again = Signal(), Signal.like(now.entry, reset_less=True), Signal()
        keeps, keeps_entry = Signal(), Signal.like(now.entry)
        m.d.comb += [
            keeps.eq(Mux(now.step, now.last & now.store, kept)),
            keeps_entry.eq(Mux(now.step, now.entry, kept_entry)),
        ]
        m.d.sync += [
            kept.eq(keeps),
            kept_entry.eq(keeps_entry),
            again.eq(keeps & ~flags.received & (keeps_entry == flags.entry)),
        ]
        start = Signal(layout, reset_less=True)
        first, tree = Signal(layout, reset_less=True), Signal(sum_shape(target), reset_less=True)
        sums = Signal(layout)
        with m.If(opened.step):
            m.d.sync += tree.eq(self.tree)
        for column in range(target.columns):
            stored = Mux(again, self.sums[column], remembered[column])
            begins = Mux(begin.stored, 0, self.bias[column]) + Mux(begin.stored | begin.received, stored, 0).as_signed()
            if not target.local_lines:
                begins = Mux(begin.stored, stored, self.bias[column])
            with m.If(begin.step & begin.first):
                m.d.sync += start[column].eq(begins)
            with m.If(opened.step & opened.first):
                m.d.sync += first[column].eq(self._next(start[column], self.tree[column], opened.maximum))
            further = Signal(layout.elem_shape, name=f"further_{column}")
            m.d.comb += further.eq(self._next(self.sums[column], tree[column], now.maximum))
            m.d.comb += sums[column].eq(Mux(now.first, first[column], further))
        with m.If(now.step):
            m.d.sync += self.sums.eq(sums)

        m.d.comb += [
            write.en.eq(now.step & now.last & now.store),
            write.addr.eq(now.entry),
            write.data.eq(sums),
        ]
        if target.local_lines:
            with m.If(self.receive):
                m.d.comb += [
                    write.en.eq(1),
                    write.addr.eq(self.receive_entry),
                    write.data.eq(self.receive_sums),
                ]
        return m

    def _next(self, before: Value, tree: Value, maximum: Value) -> Value:
        total = before + tree
        if not self.target.channelwise:
            return total
        return Mux(maximum, Mux(before > tree, before, tree), total)
