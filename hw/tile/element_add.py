"""The element-wise add with a residual."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.timing import ADD_LATENCY
from tileloom.hw.tile.delay import delayed
from tileloom.hw.tile.requantise import value_layout
from tileloom.hw.tile.round_shift import RoundShift, clamp


class ElementAdd(wiring.Component):
    """``quant.scaled_add`` of some values a cycle, ADD_LATENCY cycles; passes them on without ``apply``.

    Members
    -------
    enables : In(latency), bit i: values that came in cycle t stand in stage i in the present cycle t + i
    residuals, residual_multiplier : In, in cycle t - 1
    i_values, value_multiplier, addend : In, in cycle t
    shift : In, in cycle t + 2
    zero_point : In, in cycle t + 4
    apply, low, high : In, in cycle t + 5
    o_values : Out
    """

    RESIDUAL, PRODUCT, SHIFT, ZERO_POINT, CLAMP = -1, 0, 2, 4, 5

    def __init__(self, results: int) -> None:
        self.results = results
        super().__init__(
            {
                "enables": In(ADD_LATENCY),
                "residuals": In(data.ArrayLayout(signed(8), results)),
                "residual_multiplier": In(signed(18)),
                "i_values": In(value_layout(results)),
                "value_multiplier": In(signed(18)),
                "addend": In(signed(40)),
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
        for i in range(self.results):
            m.submodules[f"round_{i}"] = rounding = RoundShift(42)
            s0_residual = Signal(signed(26), name=f"s0_residual_{i}", reset_less=True)
            s1_residual = Signal(signed(41), name=f"s1_residual_{i}", reset_less=True)
            s1_value = Signal(signed(34), name=f"s1_value_{i}", reset_less=True)
            s2_total = Signal(signed(42), name=f"s2_total_{i}", reset_less=True)
            m.d.sync += s0_residual.eq(self.residuals[i] * self.residual_multiplier)
            with m.If(self.enables[0]):
                m.d.sync += [
                    s1_residual.eq(s0_residual + self.addend),
                    s1_value.eq(self.i_values[i] * self.value_multiplier),
                ]
            with m.If(self.enables[1]):
                m.d.sync += s2_total.eq(s1_value + s1_residual)
            m.d.comb += [
                rounding.value.eq(s2_total),
                rounding.shift.eq(self.shift),
                rounding.zero_point.eq(self.zero_point),
                rounding.enables.eq(self.enables[2:]),
            ]
            unchanged = delayed(m, self.i_values[i], self.CLAMP, f"value_{i}", reset_less=True)[-1]
            with m.If(self.enables[self.CLAMP]):
                m.d.sync += self.o_values[i].eq(Mux(self.apply, clamp(rounding.result, self.low, self.high), unchanged))
        return m
