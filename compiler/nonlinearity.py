"""Nonlinear functions as tables of linear segments on 16-bit codes, with an error proven on all 65,536 of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tileloom.compiler.real_graph import Floats, Quantisation
from tileloom.hw.spec.quant import INTERMEDIATE_BITS, PiecewiseLinear, signed_range

SEGMENTS = 64
"""Segments of the tables that the compiler makes."""


@dataclass(frozen=True)
class Nonlinearity:
    """A bounded increasing function.

    Parameters
    ----------
    function : on float64 arrays
    saturation : beyond ``|x| > saturation`` the function is constant to within half an 8-bit code
    output : quantisation of its range, used where the model gives none
    """

    function: Callable[[Floats], Floats]
    saturation: float
    output: Quantisation


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)), dtype=np.float64)


NONLINEARITIES: dict[str, Nonlinearity] = {
    "Tanh": Nonlinearity(lambda x: np.asarray(np.tanh(x), dtype=np.float64), 4.0, Quantisation(1.0 / 127.0, 0)),
    "Sigmoid": Nonlinearity(_sigmoid, 8.0, Quantisation(1.0 / 255.0, -128)),
}
"""The functions by the name of their ONNX operator."""


def fit(
    function: Callable[[Floats], Floats],
    input_scale: float,
    output_scale: float,
    output_zero_point: int,
    segments: int = SEGMENTS,
) -> tuple[PiecewiseLinear, float]:
    """The table of ``function`` on codes ``x / input_scale``, and its greatest error in output codes.

    Each segment is the line of least greatest error through its points (exact for segments without inflection). The
    error is the greatest ``|table(code) - function(code * input_scale) / output_scale - output_zero_point|`` over all
    65,536 codes, both sides saturated to 8 bits; rounding alone makes 0.5 of it.
    """
    low, high = signed_range(INTERMEDIATE_BITS)
    codes = np.arange(low, high + 1, dtype=np.int64)
    exact = function(np.asarray(codes * input_scale, dtype=np.float64)) / output_scale + output_zero_point
    wanted = np.clip(exact, -32768.0, 32767.0).reshape(segments, -1)
    width = wanted.shape[1]
    fraction = np.arange(width)
    slopes = (wanted[:, -1] - wanted[:, 0]) / (width - 1)
    shift = _largest_shift(float(np.abs(slopes).max()), float(np.abs(wanted).max()) + 1.0)
    rounded = np.rint(np.ldexp(slopes, shift))
    residual = wanted - np.ldexp(rounded, -shift)[:, None] * fraction
    offsets = np.rint(np.ldexp((residual.max(axis=1) + residual.min(axis=1)) / 2.0, shift))
    table = PiecewiseLinear(tuple(int(s) for s in rounded), tuple(int(o) for o in offsets), shift)
    return table, proven_error(table, exact)


def proven_error(table: PiecewiseLinear, exact: Floats) -> float:
    """Greatest difference of a table from the exact outputs of all 65,536 codes, both saturated to 8 bits."""
    low, high = signed_range(INTERMEDIATE_BITS)
    codes = np.arange(low, high + 1, dtype=np.int64)
    found = np.asarray(table.evaluate(codes, -128, 127), dtype=np.float64)
    return float(np.abs(found - np.clip(exact, -128.0, 127.0)).max())


def _largest_shift(slope: float, offset: float) -> int:
    """The largest shift at which slopes fit 16 bits signed and offsets 32."""
    shift = 31
    while shift > 0 and (np.ldexp(slope, shift) > 32766.0 or np.ldexp(offset, shift) > 2.0**31 - 2.0):
        shift -= 1
    return shift
