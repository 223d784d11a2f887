"""The exact meaning of Add: both codes times their multipliers, rounded once."""

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import Add
from tileloom.hw.spec.quant import scaled_add

Codes = npt.NDArray[np.signedinteger]


def add(operator: Add, a: Codes, b: Codes) -> Codes:
    """Output codes in the shape of ``a``; ``b`` has that shape or is spread over the pixels."""
    result = scaled_add(
        a.astype(np.int64),
        b.astype(np.int64),
        operator.a_multiplier,
        operator.b_multiplier,
        operator.addend,
        operator.shift,
        operator.zero_point,
        operator.low,
        operator.high,
    )
    return np.asarray(result).astype(np.int16)
