"""Fold affine: batch normalisation and constant addends go into the weights and bias before them.

Requires: quantisers absorbed; no convolution has limits or a function yet. Ensures: an Affine is left only behind
something that is no convolution, or behind a map with other readers or a grid of its own.
"""

from dataclasses import replace

import numpy as np

from tileloom.compiler.merging import merge_into_producers
from tileloom.compiler.real_graph import Affine, Convolution, RealGraph, RealOperator


def fold_affine(graph: RealGraph) -> RealGraph:
    """Scale weights and bias per output channel."""
    return merge_into_producers(graph, Affine, _scaled)


def _scaled(producer: RealOperator, affine: Affine) -> RealOperator | None:
    """The convolution with its outputs scaled and moved; codes of the model are kept, negative gains turn them."""
    if not isinstance(producer, Convolution):
        return None
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
