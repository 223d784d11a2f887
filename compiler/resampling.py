"""The arithmetic of Resize along one axis: which input elements an output element is made of, with which weights."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tileloom.compiler.phases import Phase
from tileloom.compiler.real_graph import Floats
from tileloom.compiler.view import Indices

COORDINATES = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_half_pixel_for_nn",
)
"""Coordinate transformation modes that are supported."""
NEAREST = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
PHASES = 8
"""With at most this many phases along an axis, interpolation is done by convolutions."""


@dataclass(frozen=True)
class Axis:
    """Resizing ``size`` elements to ``output``; ``scale`` is their ratio, or what the model gives instead."""

    size: int
    output: int
    scale: float
    coordinates: str = "half_pixel"
    rounding: str = "round_prefer_floor"
    cubic: float = -0.75
    exclude_outside: bool = False

    def places(self) -> Floats:
        """Where in the input each output element lies, in single precision, as runtimes compute it."""
        index, scale, size = np.arange(self.output, dtype=np.float32), np.float32(self.scale), np.float32(self.size)
        half = np.float32(0.5)
        match self.coordinates:
            case "align_corners":
                # With scales that do not give a whole number of elements ONNX takes that number as it is.
                given = float(scale * size)
                length = self.output if abs(given - self.output) < 1e-3 else given
                found = index * (size - 1) / np.float32(max(length - 1, 1e-3))
            case "asymmetric":
                found = index / scale
            case "tf_half_pixel_for_nn":
                found = (index + half) / scale
            case "pytorch_half_pixel" if self.output == 1:
                found = index * 0
            case "half_pixel_symmetric":
                centre = size / 2 * (1 - np.float32(self.output) / (scale * size))
                found = centre + (index + half) / scale - half
            case _:
                found = (index + half) / scale - half
        return found.astype(np.float64)

    def nearest(self) -> Indices:
        """The input element of each output element."""
        places = self.places()
        match self.rounding:
            case "round_prefer_ceil":
                chosen = np.floor(places + 0.5)
            case "floor":
                chosen = np.floor(places)
            case "ceil":
                chosen = np.ceil(places)
            case _:
                chosen = np.ceil(places - 0.5)
        return np.clip(chosen, 0, self.size - 1).astype(np.int64)

    def taps(self, cubic: bool) -> tuple[Indices, Floats]:
        """First input element of each output element, perhaps outside, and the weights from there on: 2 or 4."""
        places = self.places()
        whole = np.rint(places)
        places = np.where(np.abs(places - whole) < 1e-5 * self.size, whole, places)
        first = np.floor(places)
        part = (places - first)[:, None]
        if not cubic:
            return first.astype(np.int64), np.concatenate([1 - part, part], axis=1)
        a = self.cubic
        near, far = np.concatenate([part, 1 - part], axis=1), np.concatenate([part + 1, 2 - part], axis=1)
        near = ((a + 2) * near - (a + 3)) * near * near + 1
        far = ((a * far - 5 * a) * far + 8 * a) * far - 4 * a
        weights = np.stack([far[:, 0], near[:, 0], near[:, 1], far[:, 1]], axis=1)
        return first.astype(np.int64) - 1, weights

    def matrix(self, cubic: bool) -> Floats:
        """Weights of shape ``(output, size)``; elements outside repeat the border, or do not count at all."""
        first, weights = self.taps(cubic)
        indices = first[:, None] + np.arange(weights.shape[1])
        if self.exclude_outside and cubic:
            weights = np.where((indices < 0) | (indices >= self.size), 0.0, weights)
            weights = weights / weights.sum(axis=1, keepdims=True)
        result = np.zeros((self.output, self.size))
        np.add.at(result, (np.arange(self.output)[:, None], np.clip(indices, 0, self.size - 1)), weights)
        return result

    def selection(self, cubic: bool) -> Indices | None:
        """The input element of each output element where interpolation only chooses; None where it does not."""
        matrix = self.matrix(cubic)
        chosen = matrix.argmax(axis=1)
        exact = matrix[np.arange(self.output), chosen]
        alone = bool(np.all(np.abs(exact - 1) < 1e-6) and np.all(np.count_nonzero(np.abs(matrix) > 1e-6, axis=1) == 1))
        return chosen.astype(np.int64) if alone else None

    def phases(self, cubic: bool) -> tuple[list[Phase], Floats, tuple[int, int]] | None:
        """Phases, their weights one below the other, and how far the borders must be repeated before and after.

        Tap numbers of the phases count through the weights of all phases. None where the pattern does not repeat after
        :data:`PHASES` elements, or leaves out what lies outside.
        """
        first, weights = self.taps(cubic)
        ratio = Fraction(self.scale).limit_denominator(PHASES)
        every, stride = ratio.numerator, ratio.denominator
        if not 0 < every <= PHASES or self.exclude_outside:
            return None
        later, steps = np.arange(every, self.output), np.arange(self.output) // every * stride
        same = np.allclose(weights[later], weights[later % every], rtol=0.0, atol=1e-6)
        if not same or not np.array_equal(first, first[np.arange(self.output) % every] + steps):
            return None
        before = max(0, -int(first.min()))
        after = max(0, int(first.max()) + weights.shape[1] - self.size)
        phases = []
        for start in range(min(every, self.output)):
            at = int(first[start]) + before
            taps = (-1,) * (at % stride) + tuple(range(start * weights.shape[1], (start + 1) * weights.shape[1]))
            count = (self.output - start + every - 1) // every
            phases.append(Phase(start, every, count, at - at % stride, taps, stride))
        return phases, weights[: len(phases)].ravel(), (before, after)
