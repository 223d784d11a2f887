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
        value, half, rest = self._shift(
            m, (self.value, Const(0, 1), Const(0, 1)), range(3, self.shift_bits), self.shift
        )
        # The fine shift is by 7 at most: what has more than `kept` bits before it leaves WIDE bits behind it.
        kept = min(self.width, WIDE + 7)
        s1_value = Signal(signed(kept), reset_less=True)
        s1_outside, s1_sign, s1_half, s1_rest = (Signal(name=f"s1_{i}", reset_less=True) for i in range(4))
        s1_shift = Signal(3, reset_less=True)
        with m.If(self.enables[0]):
            m.d.sync += [
                s1_value.eq(value),
                s1_outside.eq(~_all_equal(value[kept - 1 :])),
                s1_sign.eq(value[-1]),
                s1_half.eq(half),
                s1_rest.eq(rest),
                s1_shift.eq(self.shift),
            ]
        value, half, rest = self._shift(m, (s1_value, s1_half, s1_rest), range(3), s1_shift)

        # What leaves WIDE bits is saturated, so that the adder behind is short.
        inside = _all_equal(value[WIDE - 1 :]) & ~s1_outside
        s2_value = Signal(signed(WIDE), reset_less=True)
        s2_up = Signal(reset_less=True)
        saturated = Cat((~s1_sign).replicate(WIDE - 1), s1_sign).as_signed()
        with m.If(self.enables[1]):
            m.d.sync += [
                s2_value.eq(Mux(inside, value, saturated)),
                s2_up.eq(~self.floor & half & (rest | value[0])),
            ]
        with m.If(self.enables[2]):
            m.d.sync += self.result.eq(s2_value + self.zero_point + s2_up)
        return m

    def _shift(
        self, m: Module, state: tuple[Value, Value, Value], levels: range, shift: Value
    ) -> tuple[Value, Value, Value]:
        """Shift right by some bits of ``shift``; of what falls out, the top bit and whether the rest is not 0."""
        value, half, rest = state
        for level in reversed(levels):
            amount, this = 1 << level, shift[level]
            extended = Signal(signed(max(len(value), amount + 1)), name=f"level_{level}_extended")
            next_value = Signal(signed(len(value)), name=f"level_{level}_value")
            next_half, next_rest = Signal(name=f"level_{level}_half"), Signal(name=f"level_{level}_rest")
            m.d.comb += [
                extended.eq(value),
                next_value.eq(Mux(this, extended >> amount, extended)),
                next_half.eq(Mux(this, extended[amount - 1], half)),
                next_rest.eq(rest | (this & (half | extended[: amount - 1].any()))),
            ]
            value, half, rest = next_value, next_half, next_rest
        return value, half, rest


def _all_equal(bits: Value) -> Value:
    """Whether the bits are nothing but sign."""
    return bits.all() | ~bits.any()


def clamp(value: Value, low: Value, high: Value) -> Value:
    """``value`` limited to ``[low, high]``."""
    return Mux(value < low, low, Mux(value > high, high, value))
