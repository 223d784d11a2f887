"""Counters of nested loops."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class LoopNest(wiring.Component):
    """Loops inside each other, level 0 innermost.

    ``load`` takes the counts. Each ``step`` ends one pass of the innermost loop: the innermost level with passes left
    goes on, and all levels inside it start again. A count of 0 is one pass. Level 0 counts in steps of ``amount`` (rows
    in runs of rows).

    Parameters
    ----------
    count_bits : widths of the counts, innermost first
    steady : counts and amount stay what they are while the nest is walked, and so are not kept

    Members
    -------
    load, step : In(1), never both in a cycle
    count0.. : In, passes of each level (for level 0: ``amount`` times them)
    amount : In, at least 1
    advance : Out(levels), which level the next step lets go on, one-hot; 0 where the next step is the last
    done : Out(1), the next step is the last
    """

    def __init__(self, count_bits: list[int], *, steady: bool = False) -> None:
        if not count_bits:
            raise ValueError("count_bits must have at least one level")
        self.count_bits = count_bits
        self.steady = steady
        super().__init__(
            {
                "load": In(1),
                "step": In(1),
                "amount": In(count_bits[0], init=1),
                "advance": Out(len(count_bits)),
                "done": Out(1),
                **{f"count{level}": In(bits) for level, bits in enumerate(count_bits)},
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        amount = self.amount
        if not self.steady:
            amount = Signal(self.count_bits[0], reset_less=True)
            with m.If(self.load):
                m.d.sync += amount.eq(self.amount)
        lasts = Signal(len(self.count_bits), reset_less=True)
        m.d.comb += self.done.eq(lasts.all())
        for n, bits in enumerate(self.count_bits):
            left, held = Signal(bits, name=f"left{n}", reset_less=True), Signal(bits, name=f"held{n}", reset_less=True)
            held_last: Value = Signal(name=f"held_last{n}", reset_less=True)
            given = getattr(self, f"count{n}")
            inner_done = lasts[:n].all() if n else 1
            # Whether a level is at its last pass is known a cycle ahead: nothing waits for a comparison.
            given_last, twice = (given <= self.amount, amount << 1) if n == 0 else (given <= 1, 2)
            m.d.comb += self.advance[n].eq(~lasts[n] & inner_done)
            begin = [left.eq(given), held.eq(given), lasts[n].eq(given_last), held_last.eq(given_last)]
            if self.steady:
                held, held_last, begin = given, given_last, [left.eq(given), lasts[n].eq(given_last)]
            with m.If(self.load):
                m.d.sync += begin
            with m.Elif(self.step & self.advance[n]):
                m.d.sync += [left.eq(left - (amount if n == 0 else 1)), lasts[n].eq(left <= twice)]
            with m.Elif(self.step & lasts[n] & inner_done):
                m.d.sync += [left.eq(held), lasts[n].eq(held_last)]
        return m
