"""The pooling stage: maximum or rescaled sum of successive results of a column."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec import isa
from tileloom.hw.spec.timing import POOL_LATENCY
from tileloom.hw.tile.delay import delayed
from tileloom.hw.tile.emission import BEAT
from tileloom.hw.tile.requantise import LOW_BITS, value_layout
from tileloom.hw.tile.round_shift import RoundShift, clamp

SUM_BITS = 24
"""Sum of 255 values of 16 bits."""


class Pooling(wiring.Component):
    """One value for each ``pool_count`` successive pixels of a group, POOL_LATENCY cycles after the last of them.

    MAXIMUM and SUM are clamped, NONE passes every value on as it is.

    Parameters
    ----------
    results : values a cycle
    beats : cycles of a pixel

    Members
    -------
    i_beat, i_values : In, in cycle t
    mode, count : In, in cycle t
    multiplier : In, in cycle t + 1
    addend : In, in cycle t + 3
    shift : In, in cycle t + 4
    zero_point : In, in cycle t + 6
    final_mode, low, high : In, in cycle t + 7; ``final_mode`` is ``mode``
    o_beat, o_values : Out; ``first_of_unit`` and ``first_of_group`` now tell about the pooled result
    """

    POOL, PRODUCT, ADDEND, SHIFT, ZERO_POINT, CLAMP = 0, 1, 3, 4, 6, 7

    def __init__(self, results: int, beats: int) -> None:
        self.results = results
        self.beats = beats
        super().__init__(
            {
                "i_beat": In(BEAT),
                "i_values": In(value_layout(results)),
                "mode": In(2),
                "count": In(8),
                "multiplier": In(signed(18)),
                "addend": In(signed(40)),
                "shift": In(6),
                "zero_point": In(signed(16)),
                "final_mode": In(2),
                "low": In(signed(16)),
                "high": In(signed(16)),
                "o_beat": Out(BEAT),
                "o_values": Out(value_layout(results)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        beat = self.i_beat
        first, last = self._window(m)
        # Beats of a pixel come in order, so the columns' states are a ring that turns with them.
        ring = Signal(SUM_BITS * self.results * self.beats, reset_less=True)
        pooled = Signal(SUM_BITS * self.results)
        with m.If(beat.valid):
            m.d.sync += ring.eq(Cat(ring[len(pooled) :], pooled))
        s1_beat = Signal(BEAT)
        first_pixel = Signal(2, reset_less=True)  # of unit and group, in the window's first pixel
        flags = Cat(beat.pixel.first_of_unit, beat.pixel.first_of_group)
        with m.If(beat.valid & first):
            m.d.sync += first_pixel.eq(flags)
        m.d.sync += [
            s1_beat.eq(beat),
            s1_beat.valid.eq(beat.valid & last),
            Cat(s1_beat.pixel.first_of_unit, s1_beat.pixel.first_of_group).eq(Mux(first, flags, first_pixel)),
        ]
        beats = delayed(m, s1_beat, POOL_LATENCY - 1, "beat")
        enables = [beat.valid for beat in beats]
        for i in range(self.results):
            before = ring.word_select(i, SUM_BITS).as_signed()
            value = self.i_values[i]
            total = Mux(self.mode == isa.Pool.MAXIMUM, Mux(before > value, before, value), before + value)
            present = Signal(signed(SUM_BITS), name=f"present_{i}")
            s1_pooled = Signal(signed(SUM_BITS), name=f"s1_pooled_{i}", reset_less=True)
            m.d.comb += [present.eq(Mux(first, value, total)), pooled.word_select(i, SUM_BITS).eq(present)]
            with m.If(beat.valid):
                m.d.sync += s1_pooled.eq(present)
            self._rescale(m, i, s1_pooled, enables)
        m.d.comb += self.o_beat.eq(beats[-1])
        return m

    def _window(self, m: Module) -> tuple[Value, Value]:
        """Whether the present pixel is the first and the last of its window."""
        beat = self.i_beat
        none = self.mode == isa.Pool.NONE
        position = Signal(8, reset_less=True)
        present, after = Signal(8), Signal(9)
        m.d.comb += [present.eq(Mux(beat.pixel.first_of_group, 0, position)), after.eq(present + 1)]
        last = after == self.count
        with m.If(beat.valid & beat.last):
            m.d.sync += position.eq(Mux(last, 0, after))
        return none | (present == 0), none | last

    def _rescale(self, m: Module, i: int, s1_pooled: Value, enables: list[Value]) -> None:
        """The stages behind the pool; ``enables`` begin with stage 1."""
        m.submodules[f"round_{i}"] = rounding = RoundShift(44)
        s2_low = Signal(signed(LOW_BITS + 1 + 18), name=f"s2_low_{i}", reset_less=True)
        s2_high = Signal(signed(SUM_BITS - LOW_BITS + 18), name=f"s2_high_{i}", reset_less=True)
        s3_product = Signal(signed(42), name=f"s3_product_{i}", reset_less=True)
        s4_total = Signal(signed(44), name=f"s4_total_{i}", reset_less=True)
        with m.If(enables[0]):
            m.d.sync += [
                s2_low.eq(s1_pooled[:LOW_BITS] * self.multiplier),
                s2_high.eq(s1_pooled[LOW_BITS:].as_signed() * self.multiplier),
            ]
        with m.If(enables[1]):
            m.d.sync += s3_product.eq(s2_low + (s2_high << LOW_BITS))
        with m.If(enables[2]):
            m.d.sync += s4_total.eq(s3_product + self.addend)
        m.d.comb += [
            rounding.value.eq(s4_total),
            rounding.shift.eq(self.shift),
            rounding.zero_point.eq(self.zero_point),
            rounding.enables.eq(Cat(enables[3:6])),
        ]
        unscaled = delayed(
            m, s1_pooled[: self.i_values[i].shape().width].as_signed(), self.CLAMP - 1, f"pooled_{i}", reset_less=True
        )
        result = Mux(self.final_mode == isa.Pool.SUM, rounding.result, unscaled[-1])
        clamped = clamp(result, self.low, self.high)
        with m.If(enables[6]):
            m.d.sync += self.o_values[i].eq(Mux(self.final_mode == isa.Pool.NONE, unscaled[-1], clamped))
