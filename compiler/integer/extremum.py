"""The exact meaning of Extremum: the greater or lesser of two codes, clamped."""

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import Extremum

Codes = npt.NDArray[np.signedinteger]


def extremum(operator: Extremum, a: Codes, b: Codes) -> Codes:
    """Output codes in the shape of ``a``; ``b`` has that shape or is spread over the pixels."""
    chosen = np.maximum(a, b) if operator.maximum else np.minimum(a, b)
    return np.clip(chosen, operator.low, operator.high).astype(np.int16)
