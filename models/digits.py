"""The handwritten digits that both zoo networks read: 1,437 to train on, 360 held out, 32 x 32 pixels in [0, 1].

The data are the 1,797 digits of 8 x 8 pixels that scikit-learn ships (UCI "Optical recognition of handwritten
digits"). The held-out digits and 64 calibration digits are also stored next to the networks, so that everything but
training works without scikit-learn.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]

SIZE = 32
"""Height and width of an enlarged digit."""
INK = 16
"""Full ink of a stored pixel; paper is 0."""
TRAIN_DIGITS = 1437
CALIBRATION_DIGITS = 64
SPLIT_SEED = 20261120
STORE = Path(__file__).parent / "zoo"
HELD_OUT_FILE = STORE / "digits_held_out.npz"
CALIBRATION_FILE = STORE / "digits_calibration.npz"


@dataclass(frozen=True, eq=False)
class Digits:
    """Digits as they are stored: ``pixels`` is ``(n, 8, 8)`` of 0 .. 16, ``labels`` is ``(n,)`` of 0 .. 9."""

    pixels: Pixels
    labels: Labels

    @property
    def images(self) -> Images:
        """The network's input: ``(n, 1, 32, 32)`` float32 in [0, 1], 0 is paper and 1 full ink."""
        return enlarge(self.pixels)


def enlarge(pixels: Pixels) -> Images:
    """Enlarge ``(n, 8, 8)`` digits of 0 .. 16 bilinearly to ``(n, 1, 32, 32)`` float32 in [0, 1].

    Pixel centres lie at half-integers and the border pixel continues outwards, as in PyTorch's
    ``interpolate(mode="bilinear", align_corners=False)``. Every result is a multiple of 1/1024, hence exact.

    >>> enlarge(np.full((1, 8, 8), 16, np.uint8)).min()
    np.float32(1.0)
    """
    weights = _interpolation(pixels.shape[-1], SIZE)
    enlarged = weights @ (pixels.astype(np.float64) / INK) @ weights.T
    return enlarged[:, np.newaxis].astype(np.float32)


def held_out() -> Digits:
    """The 360 held-out digits, in the order of the split, from the file in the package."""
    return _load(HELD_OUT_FILE)


def calibration() -> Digits:
    """The first 64 training digits, for choosing quantisation ranges, from the file in the package."""
    return _load(CALIBRATION_FILE)


def split() -> tuple[Digits, Digits]:
    """All 1,797 digits from scikit-learn as ``(train, held out)``; the same split on every machine.

    Raises
    ------
    ModuleNotFoundError
        scikit-learn is not installed (extra ``train``).
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    # RandomState, because numpy promises its sequence for good (a Generator's may change between releases).
    order = np.random.RandomState(SPLIT_SEED).permutation(len(bunch.target))
    pixels, labels = bunch.images[order].astype(np.uint8), bunch.target[order].astype(np.int64)
    return (
        Digits(pixels[:TRAIN_DIGITS], labels[:TRAIN_DIGITS]),
        Digits(pixels[TRAIN_DIGITS:], labels[TRAIN_DIGITS:]),
    )


def write_files() -> None:
    """Write the held-out and calibration files from scikit-learn's data."""
    train, rest = split()
    _save(HELD_OUT_FILE, rest)
    _save(CALIBRATION_FILE, Digits(train.pixels[:CALIBRATION_DIGITS], train.labels[:CALIBRATION_DIGITS]))


def _interpolation(size: int, enlarged: int) -> npt.NDArray[np.float64]:
    """The ``(enlarged, size)`` matrix whose row holds the two weights of one enlarged pixel."""
    position = np.clip((np.arange(enlarged) + 0.5) * size / enlarged - 0.5, 0, size - 1)
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, size - 1)
    weights = np.zeros((enlarged, size))
    rows = np.arange(enlarged)
    np.add.at(weights, (rows, low), 1 - (position - low))
    np.add.at(weights, (rows, high), position - low)
    return weights


def _save(path: Path, digits: Digits) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, pixels=digits.pixels, labels=digits.labels.astype(np.uint8))


@cache
def _load(path: Path) -> Digits:
    with np.load(path) as file:
        pixels, labels = file["pixels"], file["labels"].astype(np.int64)
    pixels.flags.writeable = labels.flags.writeable = False
    return Digits(pixels, labels)
