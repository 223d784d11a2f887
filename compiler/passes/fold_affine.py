"""Fold affine: batch normalisation and constants go into the weights and bias before them, one factor into any sum.

Requires: quantisers absorbed; no convolution has limits or a function yet. Ensures: an Affine is left only behind
something that is no convolution, or behind a map with other readers or a grid of its own.
"""

from dataclasses import replace

import numpy as np

from tileloom.compiler.merging import merge_into_producers
from tileloom.compiler.real_graph import Addition, Affine, AveragePool, Convolution, Product, RealGraph, RealOperator


def fold_affine(graph: RealGraph) -> RealGraph:
    """Scale weights and bias per output channel, and means, sums and products as a whole."""
    return merge_into_producers(graph, Affine, _merged)


def _merged(producer: RealOperator, affine: Affine) -> RealOperator | None:
    if isinstance(producer, Convolution):
        return _scaled(producer, affine)
    if isinstance(producer, Affine):
        return replace(producer, gain=producer.gain * affine.gain, offset=producer.offset * affine.gain + affine.offset)
    gain = float(affine.gain[0])
    if np.any(affine.gain != gain) or np.any(affine.offset != 0.0):
        return None
    if isinstance(producer, Addition):
        return replace(producer, a_gain=producer.a_gain * gain, b_gain=producer.b_gain * gain)
    if isinstance(producer, Product) or (isinstance(producer, AveragePool) and gain > 0):
        return replace(producer, gain=producer.gain * gain)
    return None


def _scaled(producer: Convolution, affine: Affine) -> Convolution:
    """The convolution with its outputs scaled and moved; codes of the model are kept, negative gains turn them."""
    gain = affine.gain.reshape(-1, 1, 1, 1)
    codes, scales = producer.codes, producer.scales
    if codes is not None and scales is not None:
        signs = np.where(gain < 0, -1, 1).astype(np.int64)
        codes, scales = codes * signs, scales * np.abs(affine.gain)
        if codes.max(initial=0) > 127 or np.any(scales == 0):
            codes, scales = None, None
    return replace(
        producer,
        weights=producer.weights * gain,
        bias=producer.bias * affine.gain + affine.offset,
        codes=codes,
        scales=scales,
    )
