"""The exact meaning of Add: both codes times their multipliers, rounded once."""

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import Add
from tileloom.hw.spec.quant import scaled_add


def add(operator: Add, a: npt.NDArray[np.int8], b: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Output codes, in the shape of both inputs."""
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
    return np.asarray(result).astype(np.int8)
