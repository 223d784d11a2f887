"""How far quantised results are from those of the float network."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Deviation:
    """Of all elements of all frames, in the network's own units."""

    max_abs: float
    rms: float
    snr_db: float | None
    """10 log10 of the wanted power over that of the difference; None where one of them is 0."""


@dataclass(frozen=True)
class Deviations:
    """From the float network, and from ONNX Runtime at a named optimisation level; None where it was not run."""

    float: Deviation | None
    onnxruntime: Deviation | None


def deviation(got: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> Deviation:
    """The deviation of two arrays of the same elements in the same order; an axis of size 1 may be missing.

    >>> import numpy as np
    >>> deviation(np.array([1.0, 2.0]), np.array([1.0, 3.0]))
    Deviation(max_abs=1.0, rms=0.7071067811865476, snr_db=10.0)
    """
    exact = np.asarray(wanted, dtype=np.float64).ravel()
    error = np.asarray(got, dtype=np.float64).ravel() - exact
    noise = float(np.mean(error**2))
    signal = float(np.mean(exact**2))
    snr = float(10 * np.log10(signal / noise)) if signal > 0 and noise > 0 else None
    return Deviation(float(np.max(np.abs(error))), float(np.sqrt(noise)), snr)
