"""Accumulators to 16-bit values: multiplier, shift, zero point, clamp."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.quant import INTERMEDIATE_BITS
from tileloom.hw.spec.timing import REQUANTISE_LATENCY
from tileloom.hw.tile.constants import SCALE
from tileloom.hw.tile.round_shift import RoundShift, clamp

LOW_BITS = 17
"""A sum is multiplied in two halves, so that with 32 bits each is a product of 18 x 18 bits."""


def value_layout(results: int) -> data.ArrayLayout:
    """Values between the stages of the back end."""
    return data.ArrayLayout(signed(INTERMEDIATE_BITS), results)


class Requantise(wiring.Component):
    """``quant.requantise`` of some sums a cycle, REQUANTISE_LATENCY cycles.

    Members
    -------
    enables : In(latency), bit i: results that came in cycle t stand in stage i in the present cycle t + i
    sums, scales : In, in cycle t
    floor : In, in cycle t + 4
    zero_point : In, in cycle t + 5
    low, high : In, in cycle t + 6
    values : Out
    """

    FLOOR, ZERO_POINT, CLAMP = 4, 5, 6

    def __init__(self, results: int, sum_bits: int = 32) -> None:
        self.results = results
        self.sum_bits = sum_bits
        super().__init__(
            {
                "enables": In(REQUANTISE_LATENCY),
                "sums": In(data.ArrayLayout(signed(sum_bits), results)),
                "scales": In(data.ArrayLayout(SCALE, results)),
                "floor": In(1),
                "zero_point": In(signed(16)),
                "low": In(signed(16)),
                "high": In(signed(16)),
                "values": Out(value_layout(results)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        width = self.sum_bits
        for i in range(self.results):
            m.submodules[f"round_{i}"] = rounding = RoundShift(width + 18)
            s1_sum = Signal(signed(width), name=f"s1_sum_{i}", reset_less=True)
            shifts = [Signal(6, name=f"s{stage}_shift_{i}", reset_less=True) for stage in range(1, 4)]
            s1_multiplier = Signal(signed(18), name=f"s1_multiplier_{i}", reset_less=True)
            s2_low = Signal(signed(LOW_BITS + 1 + 18), name=f"s2_low_{i}", reset_less=True)
            s2_high = Signal(signed(width - LOW_BITS + 18), name=f"s2_high_{i}", reset_less=True)
            s3_total = Signal(signed(width + 18), name=f"s3_total_{i}", reset_less=True)
            with m.If(self.enables[0]):
                m.d.sync += [
                    s1_sum.eq(self.sums[i]),
                    s1_multiplier.eq(self.scales[i].multiplier),
                    shifts[0].eq(self.scales[i].shift),
                ]
            with m.If(self.enables[1]):
                m.d.sync += [
                    s2_low.eq(s1_sum[:LOW_BITS] * s1_multiplier),
                    s2_high.eq(s1_sum[LOW_BITS:].as_signed() * s1_multiplier),
                ]
            with m.If(self.enables[2]):
                m.d.sync += s3_total.eq(s2_low + (s2_high << LOW_BITS))
            for stage in (1, 2):
                with m.If(self.enables[stage]):
                    m.d.sync += shifts[stage].eq(shifts[stage - 1])
            m.d.comb += [
                rounding.value.eq(s3_total),
                rounding.shift.eq(shifts[2]),
                rounding.floor.eq(self.floor),
                rounding.zero_point.eq(self.zero_point),
                rounding.enables.eq(self.enables[3:]),
            ]
            with m.If(self.enables[self.CLAMP]):
                m.d.sync += self.values[i].eq(clamp(rounding.result, self.low, self.high))
        return m
