"""The exact meaning of Multiply: the product of both codes without their zero points, rescaled once."""

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import Multiply
from tileloom.hw.spec.quant import scaled_multiply

Codes = npt.NDArray[np.signedinteger]


def multiply(operator: Multiply, a: Codes, b: Codes) -> Codes:
    """Output codes in the shape of ``a``; ``b`` has that shape or is spread over the pixels."""
    result = scaled_multiply(
        a.astype(np.int64),
        b.astype(np.int64),
        operator.a_offset,
        operator.b_offset,
        operator.multiplier,
        operator.shift,
        operator.zero_point,
        operator.low,
        operator.high,
    )
    return np.asarray(result).astype(np.int16)
