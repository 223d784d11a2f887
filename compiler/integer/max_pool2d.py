"""The exact meaning of MaxPool2d: the greatest code of each window, then the limits."""

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import MaxPool2d, Tensor
from tileloom.hw.spec.quant import saturate

Codes = npt.NDArray[np.signedinteger]


def max_pool2d(operator: MaxPool2d, codes: Codes, read: Tensor) -> Codes:
    """Output codes ``(N, C, H, W)``; padding is no greater than any code."""
    import torch

    window = operator.window
    top, left, bottom, right = window.pads
    rows, columns = window.output_size(read.height, read.width)
    padded = torch.nn.functional.pad(torch.from_numpy(codes.astype(np.int16)), (left, right, top, bottom), value=-32768)
    best = torch.full((codes.shape[0], codes.shape[1], rows, columns), -32768, dtype=torch.int16)
    for ky in range(window.kernel[0]):
        for kx in range(window.kernel[1]):
            y, x = ky * window.dilation[0], kx * window.dilation[1]
            taps = padded[
                :,
                :,
                y : y + (rows - 1) * window.stride[0] + 1 : window.stride[0],
                x : x + (columns - 1) * window.stride[1] + 1 : window.stride[1],
            ]
            best = torch.maximum(best, taps)
    return saturate(best.numpy().astype(np.int64), operator.low, operator.high).astype(np.int16)
