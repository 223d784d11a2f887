"""The integer arithmetic of the machine, written once, on Python ints and numpy arrays.

Every engine and the integer reference take their arithmetic from here; the RTL is compared with it. All
functions accept Python ints or integer numpy arrays (broadcast together) and return int64 arrays or ints.

One rounding rule holds everywhere: **round half to even**, which agrees with ONNX ``QuantizeLinear`` and
``torch.round`` on ties. ``Rounding.FLOOR`` exists for integer graphs whose own addend already rounds.

The order of the stages behind the accumulators is fixed::

    sum = bias + sum(x * w)                        full width, never wraps (proven by the compiler)
    v   = requantise(sum, multiplier[c], shift[c], zero_point, low, high)
    v   = piecewise_linear(v, table)               optional
    v   = scaled_add(v, residual, ...)             optional
    v   = pool(v ... v)                            optional: maximum, or rescaled sum, of successive results
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import overload

import numpy as np
import numpy.typing as npt

MULTIPLIER_BITS = 18
"""A multiplier is a signed integer of 18 bits; the compiler normalises positive ones to [2**15, 2**16)."""
SHIFT_MAXIMUM = 47
"""The largest right shift of a requantisation."""
ACCUMULATOR_BITS = 32
"""Width of the accumulators with 8-bit operands; the compiler proves that no sum leaves it."""
WIDE_ACCUMULATOR_BITS = 48
"""Width of the accumulators with 16-bit operands."""
NARROW_LIMIT = 1 << 44
"""Sums below this, times a multiplier and with an addend, stay within int64."""
INTERMEDIATE_BITS = 16
"""Width of the value between requantiser, nonlinearity, add and pool: signed."""

Ints = npt.NDArray[np.int64]


class Rounding(IntEnum):
    """How the fraction that a right shift drops is rounded."""

    HALF_EVEN = 0
    FLOOR = 1


@overload
def saturate(value: int, low: int, high: int) -> int: ...
@overload
def saturate(value: Ints, low: int, high: int) -> Ints: ...
def saturate(value: int | Ints, low: int, high: int) -> int | Ints:
    """Clamp to ``[low, high]``.

    >>> saturate(300, -128, 127), saturate(-5, 0, 127)
    (127, 0)
    """
    if isinstance(value, np.ndarray):
        return np.clip(value, low, high)
    return min(max(value, low), high)


def accumulator_bits(operand_bits: int) -> int:
    """Width of the accumulators behind operands of up to 8, or up to 16, bits."""
    return ACCUMULATOR_BITS if operand_bits <= 8 else WIDE_ACCUMULATOR_BITS


def signed_range(bits: int) -> tuple[int, int]:
    """Least and greatest signed integer of ``bits`` bits.

    >>> signed_range(8)
    (-128, 127)
    """
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


def shift_right(value: int | Ints, shift: int | Ints, rounding: Rounding = Rounding.HALF_EVEN) -> int | Ints:
    """``value / 2**shift`` rounded to an integer; ``shift`` in 0..47, ``|value| < 2**62``.

    >>> [shift_right(v, 1) for v in (1, 3, 5, -1, -3)]
    [0, 2, 2, 0, -2]
    >>> shift_right(-1, 1, Rounding.FLOOR)
    -1
    """
    quotient = value >> shift
    if rounding is Rounding.FLOOR:
        return quotient
    one = np.int64(1) if isinstance(value, np.ndarray) or isinstance(shift, np.ndarray) else 1
    remainder = value - (quotient << shift)
    twice = remainder * 2
    unit = one << shift
    if isinstance(twice, np.ndarray) or isinstance(unit, np.ndarray):
        up = (twice > unit) | ((twice == unit) & ((quotient & 1) == 1))
        return np.asarray(quotient + up, dtype=np.int64)
    return quotient + int(twice > unit or (twice == unit and quotient & 1 == 1))


def requantise(
    value: int | Ints,
    multiplier: int | Ints,
    shift: int | Ints,
    zero_point: int,
    low: int,
    high: int,
    addend: int | Ints = 0,
    rounding: Rounding = Rounding.HALF_EVEN,
) -> int | Ints:
    """``saturate(round((value * multiplier + addend) / 2**shift) + zero_point)``.

    The zero point is added *after* rounding, as ONNX does: added before, an odd one would turn ties round.

    Parameters
    ----------
    value : accumulator, at most 32 bits signed (48 bits with 16-bit operands)
    multiplier : signed, :data:`MULTIPLIER_BITS` bits
    shift : 0 .. :data:`SHIFT_MAXIMUM`
    zero_point, low, high : 16-bit signed

    >>> requantise(5, 1, 1, 0, -128, 127), requantise(7, 1, 1, 1, -128, 127)
    (2, 5)
    """
    if isinstance(value, np.ndarray) and value.size and max(-int(value.min()), int(value.max())) >= NARROW_LIMIT:
        rounded: int | Ints = _wide_quotient(value, multiplier, shift, addend, rounding)
    else:
        rounded = shift_right(value * multiplier + addend, shift, rounding)
    return saturate(rounded + zero_point, low, high)


def _wide_quotient(
    value: Ints, multiplier: int | Ints, shift: int | Ints, addend: int | Ints, rounding: Rounding
) -> Ints:
    """``round((value * multiplier + addend) / 2**shift)`` of sums of 48 bits, whose products leave int64.

    The product is held as ``upper * 2**24 + lower``. Quotients beyond 2**36 give some other number there on their side,
    for the clamp that follows.
    """
    bits, mask = 24, (1 << 24) - 1
    below = (value & mask) * multiplier + addend
    upper, lower = (value >> bits) * multiplier + (below >> bits), below & mask
    coarse = np.maximum(np.asarray(shift) - bits, 0)
    fine = np.asarray(shift) - coarse
    # Shifted right by `coarse` first; what falls out stays above `lower` in `rest`, below 2**(24 + coarse).
    high = upper >> coarse
    rest = (upper - (high << coarse) << bits) + lower
    high = np.clip(high, -(1 << 36), 1 << 36)
    unit = np.int64(1) << np.asarray(shift)
    quotient = (high << (bits - fine)) + np.where(coarse > 0, 0, rest >> fine)
    if rounding is Rounding.FLOOR:
        return np.asarray(quotient, np.int64)
    twice = 2 * np.where(coarse > 0, rest, rest & (unit - 1))
    up = (twice > unit) | ((twice == unit) & (quotient & 1 == 1))
    return np.asarray(quotient + up, dtype=np.int64)


def scaled_add(
    value: int | Ints,
    residual: int | Ints,
    value_multiplier: int,
    residual_multiplier: int,
    addend: int,
    shift: int,
    zero_point: int,
    low: int,
    high: int,
) -> int | Ints:
    """Element-wise add of two quantised values with scales of their own.

    ``saturate(round((value * mv + residual * mr + addend) / 2**shift) + zero_point)``; the operands' zero
    points are in ``addend = -(zv * mv + zr * mr)`` (40 bits signed). ``value`` is 16-bit, ``residual`` an activation.

    >>> scaled_add(10, -4, 3, 5, 0, 1, 0, -128, 127)
    5
    """
    total = value * value_multiplier + residual * residual_multiplier + addend
    return saturate(shift_right(total, shift) + zero_point, low, high)


def scaled_multiply(
    value: int | Ints,
    residual: int | Ints,
    value_offset: int,
    residual_offset: int,
    multiplier: int,
    shift: int,
    zero_point: int,
    low: int,
    high: int,
) -> int | Ints:
    """Element-wise product of two quantised values.

    ``saturate(round((value + vo) * (residual + ro) * multiplier / 2**shift) + zero_point)`` with ``vo = -zv`` and
    ``ro = -zr``. Both operands are activations, so that each bracket has one bit more than an activation.

    >>> scaled_multiply(10, -4, 2, 0, 3, 4, 1, -128, 127)
    -8
    """
    product = (value + value_offset) * (residual + residual_offset)
    return saturate(shift_right(product * multiplier, shift) + zero_point, low, high)


@dataclass(frozen=True)
class PiecewiseLinear:
    """A function on 16-bit codes by equal segments: ``round((slope * fraction + offset) / 2**shift)``.

    The code's upper ``log2(len(slopes))`` bits, counted from -32768, choose the segment; the lower ones
    are the unsigned ``fraction``. The output is saturated to ``[low, high]`` by the caller's clamp.

    Parameters
    ----------
    slopes : signed, 16 bits each; a power of two of them, 8 .. 256
    offsets : signed, 32 bits each
    shift : 0 .. 31
    """

    slopes: tuple[int, ...]
    offsets: tuple[int, ...]
    shift: int

    def __post_init__(self) -> None:
        count = len(self.slopes)
        if count not in (8, 16, 32, 64, 128, 256):
            raise ValueError(f"segments must be a power of two from 8 to 256, not {count}")
        if len(self.offsets) != count:
            raise ValueError(f"offsets must be {count}, as many as slopes, not {len(self.offsets)}")
        for name, values, bits in (("slope", self.slopes, 16), ("offset", self.offsets, 32)):
            low, high = signed_range(bits)
            for value in values:
                if not low <= value <= high:
                    raise ValueError(f"{name} must fit {bits} bits signed, not {value}")
        if not 0 <= self.shift <= 31:
            raise ValueError(f"shift must be 0..31, not {self.shift}")

    @property
    def fraction_bits(self) -> int:
        """Bits of the code below the segment number."""
        return INTERMEDIATE_BITS - (len(self.slopes).bit_length() - 1)

    def evaluate(self, code: int | Ints, low: int, high: int) -> int | Ints:
        """The function's value at ``code`` (-32768..32767), saturated to ``[low, high]``.

        >>> half = PiecewiseLinear((1,) * 8, tuple(8192 * i - 32768 for i in range(8)), 1)
        >>> half.evaluate(100, -128, 127), half.evaluate(-7, -128, 127)
        (50, -4)
        """
        unsigned = code + (1 << (INTERMEDIATE_BITS - 1))
        segment = unsigned >> self.fraction_bits
        fraction = unsigned & ((1 << self.fraction_bits) - 1)
        if isinstance(code, np.ndarray):
            slope = np.asarray(self.slopes, dtype=np.int64)[segment]
            offset = np.asarray(self.offsets, dtype=np.int64)[segment]
            return np.clip(shift_right(slope * fraction + offset, self.shift), low, high)
        total = self.slopes[int(segment)] * int(fraction) + self.offsets[int(segment)]
        return saturate(int(shift_right(total, self.shift)), low, high)


def accumulator_bits_needed(weight_sum: int, bias: int, activation_low: int, activation_high: int) -> int:
    """Signed bits that hold ``bias`` plus any sum of products of magnitude at most ``weight_sum * |x|``.

    Parameters
    ----------
    weight_sum : sum of the absolute weights that meet in one output
    bias : initial value of the accumulator

    >>> accumulator_bits_needed(127 * 9, 0, -128, 127)
    19
    """
    largest = max(abs(activation_low), abs(activation_high))
    return (abs(bias) + weight_sum * largest).bit_length() + 1


def normalise_multiplier(factor: float) -> tuple[int, int]:
    """The ``(multiplier, shift)`` nearest to a real factor, the multiplier in [2**15, 2**16) where possible.

    Factors of 2**16 and more, and negative ones, are refused; factors below ``2**-(SHIFT_MAXIMUM+1)`` give 0.

    >>> normalise_multiplier(0.5), normalise_multiplier(1.0)
    ((32768, 16), (32768, 15))
    """
    if not 0.0 <= factor < float(1 << 16):
        raise ValueError(f"factor must be in [0, 65536), not {factor!r}")
    if factor == 0.0:
        return 0, 0
    exponent = int(np.frexp(factor)[1])
    shift = min(16 - exponent, SHIFT_MAXIMUM)
    multiplier = round(float(np.ldexp(factor, shift)))
    if multiplier == 1 << 16 and shift > 0:
        multiplier, shift = 1 << 15, shift - 1
    return multiplier, shift
