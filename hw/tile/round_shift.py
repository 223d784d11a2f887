"""Division by a power of two with rounding, the tail of every rescaling."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

WIDE = 18
"""Quotients are saturated to so many bits before the zero point: more than any clamp of 16 bits lets through."""
LATENCY = 3
"""Coarse shift, fine shift, rounding."""


class RoundShift(wiring.Component):
    """``round(value / 2**shift) + zero_point``, to even on ties or (``floor``) downwards.

    Values whose quotient leaves 18 bits give some number beyond 16 bits on their side, for the clamp that follows.
    One value a cycle, LATENCY cycles.

    Parameters
    ----------
    width : bits of the signed value
    shift_bits : bits of the shift

    Members
    -------
    value : In(signed(width)), in cycle t
    shift : In, in cycle t
    floor : In, in cycle t + 1
    zero_point : In, in cycle t + 2
    enables : In(3), bit i: a value has come in cycle t, it is t + i
    result : Out(signed(20)), in cycle t + 3
    """

    def __init__(self, width: int, shift_bits: int = 6) -> None:
        if width < WIDE:
            raise ValueError(f"width must be at least {WIDE}, not {width!r}")
        if not 3 <= shift_bits <= 6:
            raise ValueError(f"shift_bits must be from 3 to 6, not {shift_bits!r}")
        self.width = width
        self.shift_bits = shift_bits
        super().__init__(
            {
                "value": In(signed(width)),
                "shift": In(shift_bits),
                "floor": In(1),
                "zero_point": In(signed(16)),
                "enables": In(3),
                "result": Out(signed(WIDE + 2)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        coarse = self._shift(m, (self.value, Const(0, 1), Const(0, 1)), range(3, self.shift_bits), self.shift)
        s1 = Signal(self.width + 2 + 3, reset_less=True)
        with m.If(self.enables[0]):
            m.d.sync += s1.eq(Cat(*coarse, self.shift[:3]))
        s1_state = (s1[: self.width].as_signed(), s1[self.width], s1[self.width + 1])
        quotient, half, rest = self._shift(m, s1_state, range(3), s1[self.width + 2 :])

        # What leaves WIDE bits is saturated, so that the adder behind is short.
        upper = quotient[WIDE - 1 :]
        inside = upper.all() | ~upper.any()
        sign = quotient[-1]
        s2_quotient = Signal(signed(WIDE), reset_less=True)
        s2_up = Signal(reset_less=True)
        saturated = Cat((~sign).replicate(WIDE - 1), sign).as_signed()
        with m.If(self.enables[1]):
            m.d.sync += [
                s2_quotient.eq(Mux(inside, quotient, saturated)),
                s2_up.eq(~self.floor & half & (rest | quotient[0])),
            ]
        with m.If(self.enables[2]):
            m.d.sync += self.result.eq(s2_quotient + self.zero_point + s2_up)
        return m

    def _shift(
        self, m: Module, state: tuple[Value, Value, Value], levels: range, shift: Value
    ) -> tuple[Value, Value, Value]:
        """Shift right by some bits of ``shift``; of what falls out, the top bit and whether the rest is not 0."""
        value, half, rest = state
        for level in reversed(levels):
            amount, this = 1 << level, shift[level]
            extended = Signal(signed(max(self.width, amount + 1)), name=f"level_{level}_extended")
            next_value = Signal(signed(self.width), name=f"level_{level}_value")
            next_half, next_rest = Signal(name=f"level_{level}_half"), Signal(name=f"level_{level}_rest")
            m.d.comb += [
                extended.eq(value),
                next_value.eq(Mux(this, extended >> amount, extended)),
                next_half.eq(Mux(this, extended[amount - 1], half)),
                next_rest.eq(rest | (this & (half | extended[: amount - 1].any()))),
            ]
            value, half, rest = next_value, next_half, next_rest
        return value, half, rest


def clamp(value: Value, low: Value, high: Value) -> Value:
    """``value`` limited to ``[low, high]``."""
    return Mux(value < low, low, Mux(value > high, high, value))
