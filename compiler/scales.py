"""From ranges of real numbers to scales and zero points, from real factors to codes and limits."""

import numpy as np

from tileloom.compiler.real_graph import Floats, Int64s, Quantisation
from tileloom.hw.spec.quant import accumulator_bits, signed_range


def quantisation_of_range(low: float, high: float, bits: int = 8) -> Quantisation:
    """The quantisation whose codes of ``bits`` bits cover ``[low, high]`` and that represents 0 exactly.

    >>> found = quantisation_of_range(0.0, 255.0)
    >>> found.scale, found.zero_point, found.low, found.high
    (1.0, -128, -128, 127)
    >>> quantisation_of_range(0.0, 65535.0, 16).zero_point
    -32768
    """
    least, greatest = signed_range(bits)
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < 1e-30:
        return Quantisation(1.0, 0, least, greatest)
    scale = (high - low) / (greatest - least)
    zero_point = int(np.clip(np.rint(least - low / scale), least, greatest))
    return Quantisation(float(scale), zero_point, least, greatest)


def code_limits(low: float, high: float, grid: Quantisation) -> tuple[int, int]:
    """Codes of a clamp's real limits, within those of the grid."""

    def code(limit: float) -> int:
        return int(np.rint(np.clip(limit / grid.scale + grid.zero_point, grid.low, grid.high)))

    return code(low), code(high)


def weight_codes(weights: Floats, bias: Floats, input_scale: float, bits: int = 8) -> tuple[Int64s, Floats]:
    """Symmetric codes of ``bits`` bits (of 8: -127 .. 127) and one scale per output channel.

    A scale is at least so large that the bias stays below a quarter of the accumulator's range in units of
    ``input_scale * scale``.
    """
    flat = np.abs(weights.reshape(weights.shape[0], -1))
    scales = flat.max(axis=1, initial=0.0) / signed_range(bits)[1]
    least = np.abs(bias) / (input_scale * 2.0 ** (accumulator_bits(bits) - 2))
    scales = np.maximum(scales, np.maximum(least, 1e-30))
    scales = np.where((flat.max(axis=1, initial=0.0) == 0.0) & (bias == 0.0), 1.0, scales)
    codes = np.rint(weights / scales.reshape(-1, 1, 1, 1)).astype(np.int64)
    return codes, scales


def refined_codes(codes: Int64s, scales: Floats, bias: Floats, input_scale: float) -> tuple[Int64s, Floats]:
    """The model's codes times a whole number, and scales divided by it, where the bias needs finer steps.

    A layer of few-bit weights has a coarse accumulator: a bias (of a batch norm, say) is no multiple of
    ``input_scale * scale``, and rounding it would move the thresholds of its outputs. Products stay exact. Output
    channels whose bias is whole, and those that use all of -127..127, stay as they are.
    """
    units = bias / (input_scale * scales)
    loose = np.abs(units - np.rint(units)) > 1e-6 * np.maximum(1.0, np.abs(units))
    largest = np.abs(codes.reshape(codes.shape[0], -1)).max(axis=1, initial=0)
    times = np.where(loose & (largest > 0), np.maximum(127 // np.maximum(largest, 1), 1), 1)
    finest = np.abs(bias) / (input_scale * 2.0**30)
    divided = np.where(loose & (largest == 0), finest, scales / times)
    return codes * times.reshape(-1, *(1,) * (codes.ndim - 1)), divided


def mean_error(weights: Floats, codes: Int64s, scales: Floats, means: Floats, groups: int) -> Floats:
    """What rounding the weights adds to each output on average, padding left aside.

    ``weights`` are ``(out, in / groups, y, x)``, ``means`` those of the input's channels. Taking it off the bias is the
    bias correction of Nagel and others, Data-Free Quantization, 2019.
    """
    rounded = codes * scales.reshape(-1, 1, 1, 1) - weights
    of_group = means.reshape(groups, -1)[np.arange(len(scales)) // (len(scales) // groups)]
    return np.asarray((rounded.sum(axis=(2, 3)) * of_group).sum(axis=1), dtype=np.float64)
