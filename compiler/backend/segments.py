"""Weight segments: the constants and weight words of one unit, as bytes in the order in which the ring takes them."""

import numpy as np

from tileloom.compiler.backend.outputs import OutputUnit
from tileloom.compiler.backend.reduction import Indices
from tileloom.compiler.fuse import Kind, Layer
from tileloom.compiler.graph import Codes
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import code_type


def constants(layer: Layer, first: int, count: int, target: Target) -> bytes:
    """Constant words of one group of columns: bias, and multiplier with shift, of ``count`` channels."""
    size = target.constant_bytes
    column = np.dtype([("bias", "<i4" if size == 8 else "<i8"), ("scale", "<u4")])
    words = np.zeros(target.columns, column)
    chosen = slice(first, first + count)
    words["bias"][:count] = layer.bias[chosen]
    words["scale"][:count] = (layer.multiplier[chosen] & 0x3FFFF) | (layer.shift[chosen] << 18)
    return words.tobytes().ljust(target.constant_words * target.word_bytes, b"\0")


def weight_words(weights: Codes, index: Indices, target: Target) -> bytes:
    """Weight words of one group of columns.

    Parameters
    ----------
    weights : ``(channels of the group, weights of a kernel)``
    index : ``(words, lanes)``, which weight each lane has, -1 none
    """
    padded = np.zeros((target.columns, weights.shape[1] + 1), code_type(target.element_bytes))
    padded[: len(weights), :-1] = weights
    return np.ascontiguousarray(padded[:, index].transpose(1, 2, 0)).tobytes()


def segment(layer: Layer, kernels: Codes, unit: OutputUnit, index: Indices, target: Target) -> bytes:
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
