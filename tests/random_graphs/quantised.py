"""Quantisers: weights as codes of few bits, maps on a grid that the model gives."""

import numpy as np

from tests.random_graphs.builder import Growing, Value


def coded_weights(growing: Growing, shape: tuple[int, ...]) -> tuple[str, str]:
    """Weights behind DequantizeLinear, their codes of 1 (-1 and 1) to 8 bits; the value's name, and the feature."""
    bits = growing.integer(1, 8)
    low, high = (-1, 1) if bits <= 2 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    codes = growing.random.integers(low, high + 1, shape)
    if bits == 1:
        codes = np.where(codes < 0, -1, 1)
    per_channel = growing.chance()
    scales = growing.random.uniform(0.01, 0.5, shape[0] if per_channel else ()).astype(np.float32)
    names = [growing.constant(array) for array in (codes.astype(np.int8), scales, np.zeros(scales.shape, np.int8))]
    growing.saw("DequantizeLinear", "one scale a channel" if per_channel else "one scale")
    return growing.hidden("DequantizeLinear", names, **({"axis": 0} if per_channel else {})), f"{bits}-bit weights"


def given_grid(growing: Growing, value: Value) -> Value | None:
    """QuantizeLinear and DequantizeLinear with a scale and zero point of their own."""
    scale = growing.constant(np.asarray(growing.random.uniform(0.01, 0.2), np.float32))
    unsigned = growing.chance()
    zero = growing.integer(0, 255) if unsigned else growing.integer(-128, 127)
    zero_point = growing.constant(np.asarray(zero, np.uint8 if unsigned else np.int8))
    features = ["uint8" if unsigned else "int8", "zero point" if zero != (128 if unsigned else 0) else "symmetric"]
    growing.saw("QuantizeLinear", *features)
    codes = growing.hidden("QuantizeLinear", [value.name, scale, zero_point])
    return growing.node("DequantizeLinear", [codes, scale, zero_point], value.shape)
