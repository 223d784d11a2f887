"""Requantisation of sums of 48 bits, whose products leave int64, against Python's integers."""

import numpy as np
import pytest

from tileloom.hw.spec import quant
from tileloom.hw.spec.quant import Rounding

CORNERS = np.array([0, 1, -1, 2, 3, -3, (1 << 47) - 1, -(1 << 47), 1 << 44, -(1 << 44), (1 << 46) + 1], np.int64)
LIMITS = (-32768, 32767)


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("seed", range(4))
def test_arrays_as_integers(seed: int, rounding: Rounding) -> None:
    generator = np.random.default_rng(seed)
    size = 5000
    magnitude = generator.integers(0, 48, size)
    value = generator.integers(-(1 << 47), 1 << 47, size) >> magnitude
    value[: len(CORNERS)] = CORNERS
    multiplier = generator.integers(-(1 << 17), 1 << 17, size) >> generator.integers(0, 18, size)
    # Most shifts bring the quotient into the clamp's range, so that its last bits count.
    product = np.abs(value.astype(float) * multiplier)
    near = np.log2(np.maximum(product, 1.0)) - generator.uniform(0, 17, size)
    shift = np.where(generator.random(size) < 0.8, near, generator.integers(0, 48, size))
    shift = np.clip(shift.astype(np.int64), 0, quant.SHIFT_MAXIMUM)
    zero_point, addend = int(generator.integers(-300, 300)), int(generator.integers(-(1 << 39), 1 << 39))
    found = quant.requantise(value, multiplier, shift, zero_point, *LIMITS, addend, rounding)
    wanted = [
        quant.requantise(int(v), int(m), int(s), zero_point, *LIMITS, addend, rounding)
        for v, m, s in zip(value, multiplier, shift, strict=True)
    ]
    assert np.array_equal(np.asarray(found), np.array(wanted))
    inside = (np.asarray(found) > LIMITS[0]) & (np.asarray(found) < LIMITS[1])
    assert inside.mean() > 0.3


@pytest.mark.parametrize("shift", [1, 23, 24, 25, 40, 47])
def test_ties_go_to_even(shift: int) -> None:
    """Odd multiples of half a unit, of sums that only 48 bits hold."""
    odd = np.arange(-31, 32, 2, dtype=np.int64)
    large = np.array([1 << 45], np.int64)  # makes the arrays take the wide way
    value = np.concatenate([odd << (shift - 1), large]) if shift < 40 else np.concatenate([odd << (shift - 17), large])
    multiplier = 1 if shift < 40 else 1 << 16
    found = np.asarray(quant.requantise(value, multiplier, shift, 0, *LIMITS))[:-1]
    assert found.tolist() == [round(int(o) / 2) for o in odd]
