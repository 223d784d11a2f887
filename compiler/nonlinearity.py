"""Tables of linear segments for functions of one number, with an error evaluated on every code.

A table reads 16-bit codes ``x / scale + zero_point``. Its range is chosen so that kinks of the function fall between
segments, and no wider than the output can tell apart: where the output saturates or hardly moves any more, the codes
saturate.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, inf

import numpy as np
import numpy.typing as npt

from tileloom.compiler.real_graph import Convolution, Floats, Quantisation
from tileloom.compiler.table_function import TableFunction, evaluate, is_fine, is_narrow, kinks, poles
from tileloom.hw.spec.quant import INTERMEDIATE_BITS, PiecewiseLinear, signed_range

SEGMENTS = 64
"""Segments of the tables that the compiler makes."""
GOOD = 0.75
"""A table whose error in output codes is above this (rounding alone makes 0.5), and above a thousandth of the output's
range (a four-thousandth of fine functions), gets a narrower range where the numbers allow it."""
SAMPLES = 65
"""Points of a segment on which the search for its slope looks."""
STEADY = 0.25
"""Beyond the range of a table the function moves by less than this part of an output code."""
CODES = 1 << INTERMEDIATE_BITS
LOW, HIGH = signed_range(INTERMEDIATE_BITS)
SIGN = TableFunction("Sign")

Range = tuple[float, float]


class NotFinite(ValueError):
    """The function has no value for a number that occurs."""


@dataclass(frozen=True)
class Table:
    """A table and the codes that it reads.

    Parameters
    ----------
    segments : the table
    scale, zero_point : ``real = (code - zero_point) * scale`` of its input
    low, high : input codes saturate here
    error : greatest difference from the function over all codes from ``low`` to ``high``, in output codes
    """

    segments: PiecewiseLinear
    scale: float
    zero_point: int
    low: int
    high: int
    error: float

    @property
    def range(self) -> Range:
        """The numbers between the limits."""
        return (self.low - self.zero_point) * self.scale, (self.high - self.zero_point) * self.scale


@lru_cache(maxsize=1024)
def table_of(
    function: TableFunction, output: Quantisation, seen: Range | None, least_scale: float, segments: int = SEGMENTS
) -> Table:
    """The table of ``function`` for an output grid.

    Parameters
    ----------
    seen : least and greatest number that occur, None where that is not known
    least_scale : of the input codes: finer ones could not be reached by a factor

    Raises :class:`NotFinite` where the function has no finite value for a number that occurs.
    """
    if function == SIGN:
        return _sign_table(output, least_scale, segments)
    if seen is not None:
        _require_finite(function, seen)
    whole = distinguished_range(function, output, seen)
    table = _best_aligned(function, output, whole, least_scale, segments)
    if seen is None or table.error <= good_error(function, output):
        return table
    narrow = (max(whole[0], seen[0]), min(whole[1], seen[1]))
    if narrow[0] >= narrow[1] or narrow == whole:
        return table
    other = _best_aligned(function, output, narrow, least_scale, segments)
    return other if other.error < table.error else table


def numbers_of(operator: Convolution, read: Quantisation) -> Range | None:
    """The range of the numbers that a convolution's function is applied to, where it is known.

    Calibration knows it, or the convolution only copies a map with the grid ``read``.
    """
    factors = operator.weights
    if operator.seen is not None or factors[0].size != 1 or np.ptp(factors) != 0.0 or operator.bias.any():
        return operator.seen
    ends = [(code - read.zero_point) * read.scale * float(factors.flat[0]) for code in (read.low, read.high)]
    return min(ends), max(ends)


def good_error(function: TableFunction, output: Quantisation) -> float:
    """The error, in output codes, that a table is allowed without an attempt to better it."""
    return max(GOOD, (output.high - output.low) / (4000 if is_fine(function) else 1000))


def range_of_bounded(function: TableFunction) -> Range | None:
    """Least and greatest value of a function that is steady from 64 on to both sides; None of another."""
    if is_narrow(function):
        return None
    x = np.linspace(-64.0, 64.0, 8193)
    values = evaluate(function, x)
    far = evaluate(function, np.asarray([-1e9, -1e4, 1e4, 1e9]))
    if not (np.isfinite(values).all() and np.isfinite(far).all()):
        return None
    low, high = float(values.min()), float(values.max())
    tolerance = (high - low) / 2048
    steady = abs(far[:2] - values[0]).max() <= tolerance and abs(far[2:] - values[-1]).max() <= tolerance
    return (low, high) if steady and high > low else None


def _require_finite(function: TableFunction, seen: Range) -> None:
    x = np.linspace(*seen, 4097)
    bad = x[~np.isfinite(evaluate(function, x))]
    for pole in poles(function):
        if seen[0] <= pole <= seen[1]:
            raise NotFinite(f"{pole:g} between {seen[0]:g} and {seen[1]:g}")
    if bad.size:
        raise NotFinite(f"{bad[0]:g} between {seen[0]:g} and {seen[1]:g}")


def _exact_codes(function: TableFunction, output: Quantisation, x: Floats) -> Floats:
    """The output in codes, neither rounded nor clamped."""
    return evaluate(function, x) / output.scale + output.zero_point


def distinguished_range(function: TableFunction, output: Quantisation, seen: Range | None) -> Range:
    """Between the least and the greatest number whose outputs, as codes, still differ from those farther out.

    Numbers outside the function's domain are left out; of two sides of a pole the one that ``seen`` lies on is taken.
    """
    steps = 2.0 ** np.arange(-16.0, 25.0, 1.0 / 16.0)
    x = np.concatenate((-steps[::-1], [0.0], steps))
    codes = np.clip(_exact_codes(function, output, x), output.low, output.high)
    valid = ~np.isnan(codes)
    for pole in poles(function):
        valid &= x > pole if seen is None or seen[0] > pole else x < pole
    x, codes = x[valid], codes[valid]
    if x.size < 2:
        raise NotFinite("nowhere")
    left = np.flatnonzero(np.abs(codes - codes[0]) > STEADY)
    right = np.flatnonzero(np.abs(codes - codes[-1]) > STEADY)
    if not left.size or not right.size:
        return (-1.0, 1.0) if x[0] <= -1.0 and x[-1] >= 1.0 else (float(x[0]), float(x[-1]))
    ends = (_refined(function, output, x, int(left[0]), -1), _refined(function, output, x, int(right[-1]), 1))
    # Where the output moves by less than two such differences in all, they lie the other way round.
    return min(ends), max(ends)


def _refined(function: TableFunction, output: Quantisation, x: Floats, index: int, side: int) -> float:
    """Where, between the sample ``index`` that differs and its outer neighbour that does not, the codes get steady."""
    if not 0 <= index + side < len(x):
        return float(x[index])
    fine = np.linspace(x[index], x[index + side], 65)
    codes = np.clip(_exact_codes(function, output, fine), output.low, output.high)
    moving = np.flatnonzero(~(np.abs(codes - codes[-1]) <= STEADY))
    return float(fine[min(int(moving[-1]) + 1, len(fine) - 1)]) if moving.size else float(x[index])


def _best_aligned(
    function: TableFunction, output: Quantisation, numbers: Range, least_scale: float, segments: int
) -> Table:
    """The best table among alignments of segments to the function's kinks."""
    inside = [kink for kink in kinks(function) if numbers[0] < kink < numbers[1]]
    if not inside and any(kink in numbers for kink in kinks(function)):
        inside = [kink for kink in kinks(function) if kink in numbers]
    tried = {_grid((), numbers, least_scale, segments)}
    for first in inside:
        tried.add(_grid((first,), numbers, least_scale, segments))
        tried.update(_grid((first, last), numbers, least_scale, segments) for last in inside if last > first)
    return min((_fit(function, output, grid, numbers, segments) for grid in sorted(tried)), key=lambda t: t.error)


def _grid(aligned: tuple[float, ...], numbers: Range, least_scale: float, segments: int) -> tuple[float, int]:
    """Scale and zero point whose codes cover ``numbers``, one or two given numbers lying between segments.

    The zero point keeps within 16 bits; what that costs in range is added.
    """
    low, high = min(numbers[0], 0.0), max(numbers[1], 0.0)
    width = CODES // segments
    if not aligned:
        scale = max((high - low) / (CODES - 1), least_scale, 1e-30)
        return scale, int(np.clip(round(LOW - low / scale), LOW, HIGH))
    first = aligned[0]
    if len(aligned) == 1:
        step = min(
            max(
                (first - low) / before if before else 0.0,
                (high - first) / (segments - before) if before < segments else inf,
            )
            for before in range(segments + 1)
            if before or first <= low
        )
    else:
        between = aligned[1] - first
        step = inf
        for parts in range(segments, 0, -1):
            step = between / parts
            if ceil((first - low) / step - 1e-9) + ceil((high - first) / step - 1e-9) <= segments:
                break
        else:
            return _grid((first,), numbers, least_scale, segments)
    step = max(step, least_scale * width)
    before = min(ceil((first - low) / step - 1e-9), segments)
    scale = step / width
    return scale, int(np.clip(round(LOW + before * width - first / scale), LOW, HIGH))


def _fit(
    function: TableFunction, output: Quantisation, grid: tuple[float, int], numbers: Range, segments: int
) -> Table:
    """The table on a grid of input codes; the codes saturate at the ends of ``numbers``."""
    scale, zero_point = grid
    low, high = (int(np.clip(round(number / scale + zero_point), LOW, HIGH)) for number in numbers)
    codes = np.arange(LOW, HIGH + 1, dtype=np.int64)
    exact = _exact_codes(function, output, np.asarray((codes - zero_point) * scale))
    # Zero is always among the codes; a function need not have a value there, nor beyond the ends.
    exact[: low - LOW], exact[high - LOW + 1 :] = np.nan, np.nan
    table, error = fit(np.clip(exact, -1e9, 1e9), output.low, output.high, segments)
    return Table(table, scale, zero_point, low, high, error)


def fit(exact: Floats, low: int, high: int, segments: int = SEGMENTS) -> tuple[PiecewiseLinear, float]:
    """The table nearest to the wanted outputs of all codes, saturated to ``[low, high]``, and its greatest error.

    Each segment is the line of least greatest error through those of its points that do not saturate. Codes whose
    output is NaN do not occur.
    """
    wanted = exact.reshape(segments, -1)
    inside = (wanted > low - 0.5) & (wanted < high + 0.5)
    slopes = _minimax_slopes(wanted, inside)
    codes = np.flatnonzero(~np.isnan(exact))
    saturated = np.clip(exact[codes], low, high)
    best: tuple[PiecewiseLinear, float] | None = None
    largest = _largest_shift(float(np.abs(slopes).max()), float(max(-low, high)) + 1.0)
    for shift in range(largest, min(largest + 6, 32)):
        table = _rounded(slopes, wanted, inside, (low, high), shift)
        found = np.asarray(table.evaluate(codes + LOW, low, high), dtype=np.float64)
        error = float(np.abs(found - saturated).max(initial=0.0))
        if best is not None and error >= best[1]:
            break
        best = table, error
    assert best is not None
    return best


def _minimax_slopes(wanted: Floats, inside: npt.NDArray[np.bool_]) -> Floats:
    """For each row the slope of the line of least greatest error through the points ``inside``; 0 where there are none.

    The greatest error is a convex function of the slope: a search by thirds, on a part of the points, the outermost
    included.
    """
    points = np.arange(wanted.shape[1])
    first = np.where(inside.any(axis=1), inside.argmax(axis=1), 0)
    last = np.where(inside.any(axis=1), points[-1] - inside[:, ::-1].argmax(axis=1), 0)
    share = np.linspace(0.0, 1.0, SAMPLES)
    taken = np.rint(first[:, None] + (last - first)[:, None] * share).astype(np.int64)
    rows = np.arange(len(wanted))[:, None]
    values, valid = wanted[rows, taken], inside[rows, taken]
    values = np.where(valid, values, 0.0)

    def spread(slopes: Floats) -> Floats:
        rest = values - slopes[:, None] * taken
        return np.asarray(np.where(valid, rest, -inf).max(axis=1) - np.where(valid, rest, inf).min(axis=1))

    apart = np.diff(taken, axis=1)
    usable = valid[:, 1:] & valid[:, :-1] & (apart > 0)
    steps = np.divide(np.diff(values, axis=1), apart, out=np.zeros(apart.shape), where=usable)
    left = np.where(usable, steps, inf).min(axis=1)
    right = np.where(usable, steps, -inf).max(axis=1)
    left, right = (np.where(usable.any(axis=1), end, 0.0) for end in (left, right))
    for _ in range(60):
        if np.all(right - left <= 1e-9 * (1.0 + np.abs(right))):
            break
        third = (right - left) / 3
        better = spread(left + third) < spread(right - third)
        left, right = np.where(better, left, left + third), np.where(better, right - third, right)
    return (left + right) / 2


def _rounded(
    slopes: Floats, wanted: Floats, inside: npt.NDArray[np.bool_], limits: tuple[int, int], shift: int
) -> PiecewiseLinear:
    """Slopes and offsets as integers; the offsets are right for the rounded slopes."""
    fraction = np.arange(wanted.shape[1], dtype=np.float64)
    whole = np.clip(np.rint(np.ldexp(slopes, shift)), -32768.0, 32767.0)
    rest = np.where(np.isnan(wanted), 0.0, wanted) - np.ldexp(whole, -shift)[:, None] * fraction
    some = inside.any(axis=1)
    above = np.where(inside, rest, -inf).max(axis=1, initial=-inf, where=inside)
    below = np.where(inside, rest, inf).min(axis=1, initial=inf, where=inside)
    upper = np.nanmax(np.where(np.isnan(wanted), -inf, wanted), axis=1) > sum(limits) / 2
    middle = np.where(upper, float(limits[1]), float(limits[0]))
    middle[some] = (above[some] + below[some]) / 2.0
    offsets = np.clip(np.rint(np.ldexp(middle, shift)), -(2.0**31), 2.0**31 - 1)
    return PiecewiseLinear(tuple(int(s) for s in whole), tuple(int(o) for o in offsets), shift)


def _largest_shift(slope: float, offset: float) -> int:
    """The largest shift at which slopes fit 16 bits signed and offsets 32."""
    shift = 31
    while shift > 0 and (np.ldexp(slope, shift) > 32766.0 or np.ldexp(offset, shift) > 2.0**31 - 2.0):
        shift -= 1
    return shift


def _sign_table(output: Quantisation, least_scale: float, segments: int) -> Table:
    """The sign of sums, exact: 0 has a segment of its own, half a step of the sums to each side."""
    width = CODES // segments
    step = least_scale * CODES / 2
    values = np.repeat(np.sign(np.arange(segments) - segments // 2), width) / output.scale + output.zero_point
    table, error = fit(np.asarray(values, dtype=np.float64), output.low, output.high, segments)
    return Table(table, step / width, width // 2, LOW, HIGH, error)


def step_table(segments: int = SEGMENTS) -> PiecewiseLinear:
    """The codes +1 from 0 on, -1 below.

    >>> [step_table(8).evaluate(code, -128, 127) for code in (-32768, -1, 0, 32767)]
    [-1, -1, 1, 1]
    """
    return PiecewiseLinear((0,) * segments, (-1,) * (segments // 2) + (1,) * (segments // 2), 0)
