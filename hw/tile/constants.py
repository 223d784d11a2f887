"""Bias, multiplier and shift of the columns of a group."""

from amaranth.hdl import Cat, Module, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.config import Target
from tileloom.hw.spec.timing import emission_cycles, tree_stages
from tileloom.hw.tile.accumulators import accumulator_layout
from tileloom.hw.tile.delay import delayed

SCALE = data.StructLayout({"multiplier": signed(18), "shift": unsigned(6)})
"""How a column's sums are requantised."""


def column_layout(target: Target) -> data.StructLayout:
    """The ``constant_bytes`` of a column."""
    bits = target.accumulator_bits
    above = {"above": unsigned(8 * target.constant_bytes - 32 - bits)} if 8 * target.constant_bytes - 32 > bits else {}
    return data.StructLayout({"bias": signed(bits), **above, "scale": SCALE, "unused": unsigned(8)})


class Constants(wiring.Component):
    """Takes the constants of a group out of the weight words, and hands them to the pixels of that group.

    A constants word presented in cycle t is part of ``bias`` from t + 2 + tree_stages (as long as a step behind it
    takes to the accumulators' start). ``activate`` in cycle t makes the group's scales those of ``scales`` from t + 1;
    it comes from t + 4 + tree_stages on, and at most two cycles later than the next group's first word could
    overtake: the cycle in which the sums of the group's first pixel stand in the accumulators.

    Members
    -------
    valid, index, word : In, word number ``index`` of a group
    bias : Out
    activate : In
    scales : Out, of the next ``results_per_cycle`` columns; the first columns' after ``activate``
    rotate : In, goes on to the following columns, in a ring
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__(
            {
                "valid": In(1),
                "index": In(range(target.constant_words)),
                "word": In(8 * target.word_bytes),
                "bias": Out(accumulator_layout(target)),
                "activate": In(1),
                "scales": Out(data.ArrayLayout(SCALE, target.results_per_cycle)),
                "rotate": In(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        target = self.target
        columns, results = target.columns, target.results_per_cycle
        layout = column_layout(target)
        stages = 1 + tree_stages(target.lanes)
        valid = delayed(m, self.valid, stages + 2, "valid")
        index = delayed(m, self.index, stages, "index", reset_less=True)
        # Only as much of a word as can be constants is kept on the way.
        word = self.word[: layout.size * columns]
        # The words of a group wait side by side where the next group cannot come before they have been taken.
        early = target.compact and stages <= emission_cycles(target) + 1
        shadow = Signal(layout.size * columns, reset_less=True)
        if early:
            self._wait(m, valid, index, word, shadow, stages)
        for stage in range(0 if early else stages):
            following = Signal(len(word), name=f"word_{stage + 1}", reset_less=True)
            with m.If(valid[stage]):
                m.d.sync += following.eq(word)
            word = following

        bits = 8 * target.word_bytes
        for number in range(0 if early else target.constant_words):
            part = shadow[bits * number : bits * (number + 1)]
            with m.If(valid[stages] & (index[stages] == number)):
                m.d.sync += part.eq(word)
        column = data.View(data.ArrayLayout(layout, columns), shadow)
        m.d.comb += [self.bias[c].eq(column[c].bias) for c in range(columns)]

        # Two cycles behind the shadow, because scales are fetched later than biases.
        following_scales = Signal(data.ArrayLayout(SCALE, columns), reset_less=True)
        padded = emission_cycles(target) * results
        ring = Signal(SCALE.size * padded, reset_less=True)
        with m.If(valid[stages + 2]):
            m.d.sync += [following_scales[c].eq(column[c].scale) for c in range(columns)]
        with m.If(self.activate):
            m.d.sync += ring.eq(following_scales)
        with m.Elif(self.rotate):
            m.d.sync += ring.eq(Cat(ring[SCALE.size * results :], ring[: SCALE.size * results]))
        m.d.comb += self.scales.eq(ring[: SCALE.size * results])
        return m

    def _wait(
        self, m: Module, valid: list[Signal], index: list[Value], word: Value, shadow: Signal, stages: int
    ) -> None:
        """The words of a group in a register of their own, and all of them in the shadow when the last one is due.

        A group lasts its constants and a pixel or more, so that the last word is taken before the next group's first.
        """
        words = self.target.constant_words
        waiting = Signal(len(shadow), reset_less=True)
        bits = 8 * self.target.word_bytes
        for number in range(words):
            with m.If(valid[0] & (index[0] == number)):
                m.d.sync += waiting[bits * number : bits * (number + 1)].eq(word)
        with m.If(valid[stages] & (index[stages] == words - 1)):
            m.d.sync += shadow.eq(waiting)
