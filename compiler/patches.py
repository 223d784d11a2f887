"""Covariances of the inputs of convolutions over the calibration data: what one pixel's sum is made of."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tileloom.compiler.float_model import run_float
from tileloom.compiler.graph import Window
from tileloom.compiler.network import Network
from tileloom.compiler.real_graph import Convolution, Floats, Map, RealGraph

INPUTS = 640
"""Sums of more inputs are rounded by their means alone: their covariances would take long."""
BYTES = 1 << 28
"""Values that are held at once."""
FRAMES = 16
PIXELS = 8192
"""Pixels that are looked at, of all frames together: many times the inputs."""

Array = npt.NDArray[Any]


def with_covariances(graph: RealGraph, network: Network, data: Mapping[str, Array]) -> RealGraph:
    """The graph, its convolutions of few inputs with the covariance of these.

    Only convolutions without groups whose weights are to be rounded and whose channels' means are known (which is for
    :mod:`calibrate` to say) get one. ``data`` is the calibration data, ``network`` what the graph was made of.
    """
    chosen = [each for each in graph.operators if isinstance(each, Convolution) and _counts(each)]
    values = sorted({graph.maps[each.input].value for each in chosen})
    if not values:
        return graph
    sizes = [graph.maps[each.input].elements * 4 for each in chosen]
    frames = min(FRAMES, max(1, BYTES // max(1, sum(sizes))), *(len(array) for array in data.values()))
    found = run_float(network, {name: array[:frames] for name, array in data.items()}, values)
    operators = []
    for each in graph.operators:
        if isinstance(each, Convolution) and _counts(each):
            read = graph.maps[each.input]
            array = found[read.value]
            if array.size == frames * read.elements:
                each = replace(each, covariance=covariance_of(_laid(array, read), each.window))
        operators.append(each)
    return replace(graph, operators=tuple(operators))


def _counts(operator: Convolution) -> bool:
    inputs = int(np.prod(operator.weights.shape[1:]))
    return operator.codes is None and operator.means is not None and operator.groups == 1 and 1 < inputs <= INPUTS


def _laid(array: Array, read: Map) -> Array:
    return array.reshape(-1, read.channels, read.height, read.width)


def covariance_of(frames: Array, window: Window) -> Floats:
    """Covariance ``(in * y * x, in * y * x)`` of what the kernel sees, over evenly chosen pixels of all frames.

    ``frames`` is ``(frames, in, height, width)``; padding counts as zero.
    """
    top, left, bottom, right = window.pads
    padded = np.pad(frames, ((0, 0), (0, 0), (top, bottom), (left, right)))
    kernel, dilation, stride = window.kernel, window.dilation, window.stride
    reach = [(size - 1) * step + 1 for size, step in zip(kernel, dilation, strict=True)]
    seen = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=(2, 3))
    seen = seen[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    count, _, height, width = seen.shape[:4]
    pixels = count * height * width
    numbers = np.unique(np.linspace(0, pixels - 1, min(pixels, PIXELS)).astype(np.int64))
    frame, rest = np.divmod(numbers, height * width)
    row, column = np.divmod(rest, width)
    patches = seen[frame, :, row, column].reshape(len(numbers), -1).astype(np.float64)
    patches -= patches.mean(axis=0)
    return np.asarray(patches.T @ patches / len(numbers), dtype=np.float64)
