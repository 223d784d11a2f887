"""What a page sends, and what becomes of it before a network sees it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import Tensor
from tileloom.models.digits import INK, enlarge
from tileloom.refusal import refuse

Values = npt.NDArray[np.float32]
"""``(channels, height, width)`` from 0 to 1."""

CANVAS = 128
"""Height and width of a drawing for a network of the zoo."""
DIGIT = 8
"""Height and width of the digits that those networks were trained on, before they are enlarged."""
FAINT = 0.2
"""Paper with less ink is empty."""


@dataclass(frozen=True)
class Door:
    """How pictures come in.

    Parameters
    ----------
    channels, height, width : of what the page sends
    is_ink : dark ink on light paper counts: a value of 1 is full ink; else 1 is full light
    is_digit : drawings are cut out and made as coarse as the zoo's training digits
    low, high : what 0 and 1 stand for in the network
    """

    channels: int
    height: int
    width: int
    is_ink: bool
    is_digit: bool
    low: float = 0.0
    high: float = 1.0

    def prepared(self, values: Values) -> Values:
        """A drawing or photograph as the network should see it, still from 0 to 1."""
        return digit(values[0]) if self.is_digit else values

    def real(self, values: Values, tensor: Tensor) -> Values:
        """Values in the network's own units and shape, one frame."""
        planes = values * np.float32(self.high - self.low) + np.float32(self.low)
        return (planes.transpose(1, 2, 0) if tensor.channels_last else planes).reshape(1, *tensor.shape)


def door_of(inputs: list[Tensor], is_zoo: bool, low: float = 0.0, high: float = 1.0) -> Door:
    """The door of a network; one that takes no picture is refused by ``ModelError`` TL409."""
    names = ", ".join(f"{tensor.name} {list(tensor.shape)}" for tensor in inputs)
    if len(inputs) != 1 or inputs[0].channels not in (1, 3) or min(inputs[0].height, inputs[0].width) < 2:
        rule = "a network is served that takes one picture of 1 or 3 channels"
        raise refuse("TL409", "serve", rule, names, "use `tileloom run` or `tileloom simulate` with --input")
    if not low < high:
        raise refuse(
            "TL409", "--range", "the first value must be less than the second", f"{low:g},{high:g}", "swap them"
        )
    tensor = inputs[0]
    if is_zoo:
        return Door(1, CANVAS, CANVAS, is_ink=True, is_digit=True)
    return Door(tensor.channels, tensor.height, tensor.width, is_ink=False, is_digit=False, low=low, high=high)


def digit(ink: Values) -> Values:
    """The drawing on a sheet ``(height, width)`` as the zoo's networks know digits: ``(1, 32, 32)``.

    What is drawn is cut out, put in the middle of a square that it just fills, averaged to 8 x 8 pixels of 17 steps and
    enlarged again, as the training digits were. An empty sheet stays empty.

    >>> sheet = np.zeros((40, 40), np.float32); sheet[30:38, 2:4] = 1
    >>> float(digit(sheet)[0, :, 15].min()), float(digit(sheet)[0, :, 2].max())
    (1.0, 0.0)
    """
    rows, columns = np.flatnonzero(ink.max(1) > FAINT), np.flatnonzero(ink.max(0) > FAINT)
    if not len(rows):
        return _enlarged(np.zeros((DIGIT, DIGIT), np.uint8))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = max(cut.shape)
    square = np.zeros((size, size), np.float32)
    top, left = ((size - length) // 2 for length in cut.shape)
    square[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    weights = _averages(size, DIGIT)
    coarse = np.round(np.clip(weights @ square @ weights.T, 0, 1) * INK).astype(np.uint8)
    return _enlarged(coarse)


def _enlarged(coarse: npt.NDArray[np.uint8]) -> Values:
    image: Values = enlarge(coarse[None])[0]
    return image


def _averages(size: int, parts: int) -> npt.NDArray[np.float64]:
    """The ``(parts, size)`` matrix whose rows average equal stretches, with shares of the pixels at their ends."""
    edges = np.linspace(0, size, parts + 1)
    pixels = np.arange(size)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights: npt.NDArray[np.float64] = np.clip(overlap, 0, None) * parts / size
    return weights
