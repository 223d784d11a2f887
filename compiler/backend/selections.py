"""Selections: Assembles that only choose channels, and where each of those comes from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tileloom.compiler.graph import Assemble, Piece, Tensor
from tileloom.compiler.integer.assemble import source_elements, target_elements

Channel = tuple[str, int]
"""A tensor and one of its channels."""


@dataclass(frozen=True)
class Selection:
    """``output``'s channels, each a whole channel of another tensor of the same height and width."""

    output: str
    channels: tuple[Channel, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The tensors, in the order in which they are first met."""
        return tuple(dict.fromkeys(name for name, _ in self.channels))


def selection_of(operator: Assemble, tensors: Mapping[str, Tensor]) -> Selection | None:
    """The channels that an Assemble chooses; ``None`` where it does more than that."""
    made = tensors[operator.output]
    pixels = made.height * made.width
    names = list(dict.fromkeys(piece.input for piece in operator.pieces))
    if any((tensors[name].height, tensors[name].width) != (made.height, made.width) for name in names):
        return None
    chosen = np.full((2, made.elements), -1, np.int64)
    for piece in operator.pieces:
        source, target = source_elements(piece), target_elements(piece)
        if ((source - target) % pixels).any():
            return None
        chosen[0, target] = names.index(piece.input)
        chosen[1, target] = source // pixels
    by_channel = chosen.reshape(2, made.channels, pixels)
    if (by_channel < 0).any() or (by_channel != by_channel[:, :, :1]).any():
        return None
    first = by_channel[:, :, 0].T.tolist()
    return Selection(operator.output, tuple((names[name], channel) for name, channel in first))


def pieces_of(channels: tuple[Channel, ...], pixels: int) -> tuple[Piece, ...]:
    """Pieces that put channels one behind another; neighbours that stay neighbours are one piece."""
    found: list[Piece] = []
    start = 0
    while start < len(channels):
        name, first = channels[start]
        count = 1
        while start + count < len(channels) and channels[start + count] == (name, first + count):
            count += 1
        found.append(Piece(name, (1, 1, count * pixels), first * pixels, (0, 0, 1), start * pixels, (0, 0, 1)))
        start += count
    return tuple(found)
