"""The add stage: a value and its residual are added, multiplied or compared."""

from itertools import pairwise

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.isa import Combine
from tileloom.hw.spec.timing import ADD_LATENCY
from tileloom.hw.tile.delay import delayed
from tileloom.hw.tile.requantise import value_layout
from tileloom.hw.tile.round_shift import RoundShift, clamp


class ElementAdd(wiring.Component):
    """Some values a cycle combined with their residuals, ADD_LATENCY cycles; passes them on without ``apply``.

    Two multipliers a value serve both a sum and a product: the first makes ``value * value_multiplier`` or ``(value +
    addend) * (residual + value_multiplier)``, the second multiplies the residual, or that product, by
    ``residual_multiplier``.

    Members
    -------
    enables : In(latency), bit i: values that came in cycle t stand in stage i in the present cycle t + i
    residuals, value_multiplier, combine : In, in cycle t - 1; without ``apply``, ``combine`` is ADD
    i_values, addend : In, in cycle t
    residual_multiplier : In, in cycle t + 3
    shift : In, in cycle t + 5
    zero_point : In, in cycle t + 7
    apply, low, high : In, in cycle t + 8
    o_values : Out
    """

    OPERANDS, VALUE, PRODUCT, SHIFT, ZERO_POINT, CLAMP = -1, 0, 3, 5, 7, 8

    def __init__(self, results: int, bits: int = 8) -> None:
        self.results = results
        self.bits = bits
        super().__init__(
            {
                "enables": In(ADD_LATENCY),
                "residuals": In(data.ArrayLayout(signed(bits), results)),
                "value_multiplier": In(signed(18)),
                "combine": In(2),
                "i_values": In(value_layout(results)),
                "addend": In(signed(40)),
                "residual_multiplier": In(signed(18)),
                "shift": In(6),
                "zero_point": In(signed(16)),
                "apply": In(1),
                "low": In(signed(16)),
                "high": In(signed(16)),
                "o_values": Out(value_layout(results)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        modes = [self.combine, *(Signal(2, name=f"s{i}_combine", reset_less=True) for i in range(self.CLAMP + 1))]
        for before, after in pairwise(modes):
            m.d.sync += after.eq(before)
        addend = delayed(m, self.addend, 2, "addend", reset_less=True)[-1]
        for i in range(self.results):
            self._value(m, i, modes[1:], addend)
        return m

    def _value(self, m: Module, i: int, modes: list[Signal], s2_addend: Value) -> None:
        """One of the values; ``modes[k]`` is the mode of what stands in stage k."""
        factor = self.bits + 1
        total = max(42, 2 * factor + 18)
        m.submodules[f"round_{i}"] = rounding = RoundShift(total)
        value, multiply = self.i_values[i], [mode == Combine.MULTIPLY for mode in modes]

        s0_residual = Signal(signed(self.bits), name=f"s0_residual_{i}", reset_less=True)
        s0_factor = Signal(signed(18), name=f"s0_factor_{i}", reset_less=True)
        s1_factor = Signal(signed(18), name=f"s1_factor_{i}", reset_less=True)
        s1_value = Signal(signed(max(16, factor)), name=f"s1_value_{i}", reset_less=True)
        s1_residual = Signal(signed(self.bits), name=f"s1_residual_{i}", reset_less=True)
        s2_residual = Signal(signed(self.bits), name=f"s2_residual_{i}", reset_less=True)
        s2_product = Signal(signed(34), name=f"s2_product_{i}", reset_less=True)
        s3_sum = Signal(signed(42), name=f"s3_sum_{i}", reset_less=True)
        s3_second = Signal(signed(2 * factor), name=f"s3_second_{i}", reset_less=True)
        s4_sum = Signal(signed(42), name=f"s4_sum_{i}", reset_less=True)
        s4_product = Signal(signed(2 * factor + 18), name=f"s4_product_{i}", reset_less=True)
        s5_total = Signal(signed(total), name=f"s5_total_{i}", reset_less=True)
        residual = self.residuals[i]
        with_offset = (residual + self.value_multiplier[:factor].as_signed())[:factor].as_signed()
        m.d.sync += [
            s0_residual.eq(residual),
            s0_factor.eq(Mux(self.combine == Combine.MULTIPLY, with_offset, self.value_multiplier)),
        ]
        without_zero = (value[: self.bits].as_signed() + self.addend[:factor].as_signed())[:factor].as_signed()
        with m.If(self.enables[0]):
            m.d.sync += [
                s1_residual.eq(s0_residual),
                s1_value.eq(Mux(multiply[0], without_zero, value)),
                s1_factor.eq(s0_factor),
            ]
        with m.If(self.enables[1]):
            m.d.sync += [s2_residual.eq(s1_residual), s2_product.eq(s1_value * s1_factor)]
        with m.If(self.enables[2]):
            m.d.sync += [
                s3_sum.eq(s2_product + s2_addend),
                s3_second.eq(Mux(multiply[2], s2_product[: 2 * factor].as_signed(), s2_residual)),
            ]
        with m.If(self.enables[3]):
            m.d.sync += [
                s4_sum.eq(Mux(multiply[3], 0, s3_sum)),
                s4_product.eq(s3_second * self.residual_multiplier),
            ]
        with m.If(self.enables[4]):
            m.d.sync += s5_total.eq(s4_sum + s4_product)
        m.d.comb += [
            rounding.value.eq(s5_total),
            rounding.shift.eq(self.shift),
            rounding.zero_point.eq(self.zero_point),
            rounding.enables.eq(self.enables[5:]),
        ]
        s1_chosen = Signal(signed(16), name=f"s1_chosen_{i}", reset_less=True)
        with m.If(self.enables[0]):
            m.d.sync += s1_chosen.eq(self._chosen(modes[0], value, s0_residual))
        chosen = s1_chosen
        for stage in range(1, self.CLAMP):
            later = Signal(signed(16), name=f"s{stage + 1}_chosen_{i}", reset_less=True)
            with m.If(self.enables[stage]):
                m.d.sync += later.eq(chosen)
            chosen = later
        compared = modes[self.CLAMP][1]  # MAXIMUM and MINIMUM
        clamped = clamp(Mux(compared, chosen, rounding.result), self.low, self.high)
        with m.If(self.enables[self.CLAMP]):
            m.d.sync += self.o_values[i].eq(Mux(self.apply, clamped, chosen))

    @staticmethod
    def _chosen(mode: Value, value: Value, residual: Value) -> Value:
        """The greater or the lesser of both where the mode says so, else the value."""
        wanted = Mux(mode[0], residual < value, residual > value)
        return Mux(mode[1] & wanted, residual, value)
