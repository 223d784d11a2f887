"""The exact meaning of Conv2d: sums in float64, in which all of them are exact, then the requantiser and the table."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import Conv2d, Tensor
from tileloom.hw.spec.quant import Ints, requantise

if TYPE_CHECKING:
    import torch

EXACT = 1 << 53
"""Integers below this are exact in float64."""


Codes = npt.NDArray[np.signedinteger]


def conv2d(operator: Conv2d, codes: Codes, read: Tensor, written: Tensor) -> Codes:
    """Output codes ``(N, C, H, W)`` from input codes.

    Every partial sum of any order is at most ``|bias| + largest * sum(|weights|)``, ``largest`` being that of the
    input's codes without its zero point; the function refuses to run where that reaches 2**53.
    """
    largest = max(read.high - read.zero_point, read.zero_point - read.low)
    weight_sums = np.abs(operator.weights.astype(np.int64)).reshape(len(operator.bias), -1).sum(axis=1)
    greatest = int(np.max(np.abs(operator.bias) + largest * weight_sums))
    if greatest >= EXACT:
        raise ValueError(f"{operator.source.node}: sums must stay below 2**53 to be exact, not {greatest}")
    sums = accumulate(operator, codes.astype(np.float64) - read.zero_point)
    wide = (1, -1, 1, 1)
    value = requantise(
        sums,
        operator.multiplier.reshape(wide),
        operator.shift.reshape(wide),
        operator.zero_point,
        operator.low,
        operator.high,
        rounding=operator.rounding,
    )
    if operator.table is not None:
        value = operator.table.evaluate(value, written.low, written.high)
    return np.asarray(value).astype(np.int16)


def accumulate(operator: Conv2d, values: npt.NDArray[np.float64]) -> Ints:
    """``bias + sum(values * weights)`` as int64, by PyTorch; ``values`` are integers with the zero point taken off."""
    import torch

    window = operator.window
    top, left, bottom, right = window.pads
    padded = torch.nn.functional.pad(torch.from_numpy(values), (left, right, top, bottom))
    weights = torch.from_numpy(operator.weights.astype(np.float64))
    bias = torch.from_numpy(operator.bias.astype(np.float64))
    if operator.groups > 1 and operator.weights.shape[1] == 1:
        sums = _depthwise(operator, padded, weights, bias)
    else:
        sums = torch.nn.functional.conv2d(padded, weights, bias, window.stride, 0, window.dilation, operator.groups)
    return np.asarray(sums.numpy(), dtype=np.int64)


def _depthwise(
    operator: Conv2d, padded: "torch.Tensor", weights: "torch.Tensor", bias: "torch.Tensor"
) -> "torch.Tensor":
    """One input channel per group: a sum over taps is faster than PyTorch's loop over groups, and equal."""
    window = operator.window
    top, left, bottom, right = window.pads
    rows, columns = window.output_size(padded.shape[2] - top - bottom, padded.shape[3] - left - right)
    spread = padded.repeat_interleave(len(operator.bias) // operator.groups, dim=1)
    sums = bias.reshape(1, -1, 1, 1).repeat(padded.shape[0], 1, rows, columns)
    for ky in range(window.kernel[0]):
        for kx in range(window.kernel[1]):
            y, x = ky * window.dilation[0], kx * window.dilation[1]
            taps = spread[
                :,
                :,
                y : y + (rows - 1) * window.stride[0] + 1 : window.stride[0],
                x : x + (columns - 1) * window.stride[1] + 1 : window.stride[1],
            ]
            sums += taps * weights[:, 0, ky, kx].reshape(1, -1, 1, 1)
    return sums
