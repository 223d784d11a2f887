"""Layers in slots: weights and constants in the order in which channels lie in memory, holes included."""

import numpy as np
import numpy.typing as npt

from tileloom.compiler.backend.layout import View
from tileloom.compiler.backend.sublayers import full_weights
from tileloom.compiler.fuse import Kind, Layer

Numbers = npt.NDArray[np.signedinteger]


def in_slots(layer: Layer, source: View, result: View) -> Layer:
    """The same layer on views whose channels are slots.

    Weights from and to holes are zero, so that what lies there counts for nothing; a layer that goes channel by channel
    does with holes what it does with its first channel.
    """
    if not source.slots and not result.slots:
        return layer
    outputs = np.array(result.slots or range(result.channels))
    alone = layer.kind != Kind.DENSE
    if alone:
        weights, groups = _spread(layer.weights, outputs, result.channels, layer.uniform), result.channels
    else:
        full = full_weights(layer)
        inputs = np.array(source.slots or range(source.channels))
        wide = np.zeros((len(full), source.channels, *full.shape[2:]), full.dtype)
        wide[:, inputs] = full
        weights, groups = _spread(wide, outputs, result.channels, layer.uniform), 1
    changes = {
        name: _spread(getattr(layer, name), outputs, result.channels, layer.uniform)
        for name in ("bias", "multiplier", "shift")
    }
    return Layer(**{**layer.__dict__, **changes, "weights": weights, "groups": groups})


def _spread(numbers: Numbers, slots: npt.NDArray[np.int64], count: int, uniform: bool) -> Numbers:
    """Rows in their slots; in holes zero, or for ``uniform`` layers the first row."""
    wide = np.zeros((count, *numbers.shape[1:]), numbers.dtype)
    if uniform:
        wide[:] = numbers[0]
    wide[slots] = numbers
    return wide
