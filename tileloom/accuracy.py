"""How often a network is right: as floats, and as codes."""

from typing import Any

import numpy as np
import numpy.typing as npt


def accuracy(scores: npt.NDArray[Any], labels: npt.NDArray[np.int64]) -> float:
    """Share of frames whose greatest score, of ``(frames, ...)`` scores of any shape, is at the label's place.

    >>> accuracy(np.array([[1, 5], [7, 2], [3, 4]]), np.array([1, 0, 0]))
    0.6666666666666666
    """
    return float(np.mean(classes(scores) == labels))


def classes(scores: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Place of the greatest score of each frame; of equal ones the first."""
    flat = np.asarray(scores).reshape(len(scores), -1)
    return np.asarray(flat.argmax(axis=1), dtype=np.int64)
