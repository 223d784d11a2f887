"""Weight segments: the constants and weight words of one unit, as bytes in the order in which the ring takes them."""

import numpy as np

from tileloom.compiler.backend.outputs import OutputUnit
from tileloom.compiler.backend.reduction import Indices
from tileloom.compiler.fuse import Kind, Layer
from tileloom.compiler.graph import Int8s
from tileloom.hw.spec.config import Target


def constants(layer: Layer, first: int, count: int, target: Target) -> bytes:
    """Constant words of one group of columns: bias, and multiplier with shift, of ``count`` channels."""
    words = np.zeros((target.columns, 2), "<u4")
    chosen = slice(first, first + count)
    words[:count, 0] = (layer.bias[chosen] & 0xFFFFFFFF).astype("<u4")
    packed = (layer.multiplier[chosen] & 0x3FFFF) | (layer.shift[chosen] << 18)
    words[:count, 1] = packed.astype("<u4")
    return words.tobytes().ljust(target.constant_words * target.word_bytes, b"\0")


def weight_words(weights: Int8s, index: Indices, target: Target) -> bytes:
    """Weight words of one group of columns.

    Parameters
    ----------
    weights : ``(channels of the group, weights of a kernel)``
    index : ``(words, lanes)``, which weight each lane has, -1 none
    """
    padded = np.zeros((target.columns, weights.shape[1] + 1), np.int8)
    padded[: len(weights), :-1] = weights
    return np.ascontiguousarray(padded[:, index].transpose(1, 2, 0)).tobytes()


def segment(layer: Layer, kernels: Int8s, unit: OutputUnit, index: Indices, target: Target) -> bytes:
    """Constants and weights of every group of a unit; of a uniform layer, of one group that stands for all.

    Parameters
    ----------
    kernels : ``(out, weights of a kernel)`` in the order that ``index`` counts
    """
    parts = []
    for first in range(unit.first, unit.first + unit.channels, target.columns):
        count = min(target.columns, unit.first + unit.channels - first)
        if layer.uniform:
            first, count = 0, min(target.columns, len(layer.bias))
        parts.append(constants(layer, first, count, target))
        if layer.kind != Kind.MAXIMUM:
            parts.append(weight_words(kernels[first : first + count], index, target))
        if layer.uniform:
            break
    return b"".join(parts)
