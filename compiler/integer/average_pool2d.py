"""The exact meaning of AveragePool2d: the window's sum without its zero point, rescaled once."""

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import AveragePool2d, Tensor
from tileloom.hw.spec.quant import requantise

Codes = npt.NDArray[np.signedinteger]


def average_pool2d(operator: AveragePool2d, codes: Codes, read: Tensor) -> Codes:
    """Output codes ``(N, C, H, W)``; padding counts as real zero."""
    import torch

    window = operator.window
    top, left, bottom, right = window.pads
    rows, columns = window.output_size(read.height, read.width)
    values = torch.from_numpy(codes.astype(np.int64) - read.zero_point)
    padded = torch.nn.functional.pad(values, (left, right, top, bottom))
    sums = torch.zeros((codes.shape[0], codes.shape[1], rows, columns), dtype=torch.int64)
    for ky in range(window.kernel[0]):
        for kx in range(window.kernel[1]):
            y, x = ky * window.dilation[0], kx * window.dilation[1]
            sums += padded[
                :,
                :,
                y : y + (rows - 1) * window.stride[0] + 1 : window.stride[0],
                x : x + (columns - 1) * window.stride[1] + 1 : window.stride[1],
            ]
    result = requantise(
        sums.numpy(), operator.multiplier, operator.shift, operator.zero_point, operator.low, operator.high
    )
    return np.asarray(result).astype(np.int16)
