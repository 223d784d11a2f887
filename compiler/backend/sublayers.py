"""Sublayers: parts of a layer whose outputs all need the same channel blocks of the input.

A plain convolution is one sublayer. A depthwise layer, a pool or an addition is one for each channel block; a grouped
convolution is one for each run of output blocks that reads the same input blocks.
"""

from dataclasses import dataclass, replace

import numpy as np

from tileloom.compiler.backend.allocate import SLACK
from tileloom.compiler.backend.layout import View
from tileloom.compiler.fuse import Kind, Layer
from tileloom.compiler.graph import Codes, Window
from tileloom.hw.spec.config import Target


@dataclass(frozen=True)
class Sublayer:
    """Output blocks ``first_output .. end_output`` of a layer and the input blocks that they need."""

    first_output: int
    end_output: int
    first_input: int
    end_input: int

    @property
    def input_blocks(self) -> int:
        """Number of input blocks."""
        return self.end_input - self.first_input


def sublayers(layer: Layer, source: View, target: View) -> list[Sublayer]:
    """The sublayers of a layer, in the order of their output blocks."""
    if layer.kind != Kind.DENSE:
        return [_of_block(block, source, target) for block in range(target.blocks)]
    if layer.groups == 1 or source.blocks == 1 or target.is_vector:
        return [Sublayer(0, target.blocks, 0, source.blocks)]
    outputs, inputs = len(layer.weights) // layer.groups, layer.weights.shape[1]
    found: list[Sublayer] = []
    for block in range(target.blocks):
        last = min((block + 1) * target.block, target.channels) - 1
        low = block * target.block // outputs * inputs // source.block
        high = -(-(last // outputs + 1) * inputs // source.block)
        if found and (found[-1].first_input, found[-1].end_input) == (low, high):
            found[-1] = replace(found[-1], end_output=block + 1)
        else:
            found.append(Sublayer(block, block + 1, low, high))
    return found


def _of_block(block: int, source: View, target: View) -> Sublayer:
    """Channelwise, an output block needs the input blocks that hold its channels."""
    first, end = block * target.block, min((block + 1) * target.block, target.channels)
    return Sublayer(block, block + 1, first // source.block, -(-end // source.block))


def largest(found: list[Sublayer]) -> Sublayer:
    """The sublayer that reads the most input blocks: what fits it, fits all."""
    return max(found, key=lambda sublayer: sublayer.input_blocks)


def full_weights(layer: Layer) -> Codes:
    """Weights of a dense layer as ``(out, in, kernel_y, kernel_x)``: those between different groups are zero."""
    if layer.groups == 1:
        return layer.weights
    outputs, inputs = len(layer.weights) // layer.groups, layer.weights.shape[1]
    full = np.zeros((len(layer.weights), inputs * layer.groups, *layer.weights.shape[2:]), layer.weights.dtype)
    for group in range(layer.groups):
        rows = slice(group * outputs, (group + 1) * outputs)
        full[rows, group * inputs : (group + 1) * inputs] = layer.weights[rows]
    return full


def takes_whole_map(layer: Layer, source: View) -> bool:
    """The window of the one output pixel is exactly the input map, so that its bytes can be read as one string."""
    return (
        layer.kind == Kind.DENSE
        and layer.pool is None
        and layer.window.kernel == (source.height, source.width)
        and not any(layer.window.pads)
        and (layer.window.dilation == (1, 1) or source.is_vector)
    )


def vector_block(source: View, target: Target) -> int:
    """Activations of a map seen as a vector that are in the window at a time: all, or whole steps of a unit.

    Blocks are of one size, so that the last one may read past the map; as far as tensors are apart.
    """
    if source.elements <= target.window_activations:
        return source.elements
    steps = -(-source.elements // target.lanes)
    most = min(target.weight_words // 2 - target.constant_words, target.window_activations // 2 // target.lanes)
    for count in range(-(-steps // most), steps + 1):
        block = -(-steps // count) * target.lanes
        if (count * block - source.elements) * source.element_bytes <= SLACK:
            return block
    return target.lanes


def as_vector_layer(layer: Layer, source: View) -> Layer:
    """The same layer on the input seen as a vector in the order of memory; weights of the blocks' padding are zero."""
    weights = full_weights(layer)
    padded = np.zeros((len(weights), source.blocks * source.block, source.height, source.width), weights.dtype)
    padded[:, : source.channels] = weights
    blocked = padded.reshape(len(weights), source.blocks, source.block, source.height, source.width)
    vector = np.ascontiguousarray(blocked.transpose(0, 1, 3, 4, 2)).reshape(len(weights), -1, 1, 1)
    return Layer(**{**layer.__dict__, "weights": vector, "groups": 1, "window": Window((1, 1))})
