"""Weights of few bits: bipolar, ternary, and symmetric codes whose range is chosen for the least squared error."""

import numpy as np

from tileloom.compiler.bit_widths import TERNARY
from tileloom.compiler.real_graph import Floats, Int64s
from tileloom.hw.spec.quant import signed_range

RATIOS = np.linspace(1.0, 0.3, 36)
"""Parts of the greatest weight at which the range may end."""
THRESHOLD = 0.7
"""Of the mean magnitude: ternary weights below it are 0 (Li and Liu, Ternary Weight Networks, 2016)."""


def narrow_codes(weights: Floats, width: int | str) -> tuple[Int64s, Floats]:
    """Codes of ``width`` bits (1 is bipolar, or "ternary") and one scale per output channel, always positive.

    >>> codes, scales = narrow_codes(np.asarray([[0.5, -0.1, -0.7, 0.0]]), "ternary")
    >>> codes.tolist(), scales.tolist()
    ([[1, 0, -1, 0]], [0.6])
    """
    flat = weights.reshape(weights.shape[0], -1)
    if width == 1:
        codes = np.where(flat >= 0, 1, -1)
        scales = np.abs(flat).mean(axis=1)
    elif width == TERNARY:
        size = np.abs(flat)
        codes = np.where(size > THRESHOLD * size.mean(axis=1, keepdims=True), np.sign(flat), 0.0)
        kept = np.abs(codes).sum(axis=1)
        scales = (size * np.abs(codes)).sum(axis=1) / np.maximum(kept, 1)
    else:
        codes, scales = _least_error(flat, signed_range(int(width))[1])
    scales = np.where(scales > 0, scales, 1.0)
    return codes.astype(np.int64).reshape(weights.shape), np.asarray(scales, dtype=np.float64)


def _least_error(flat: Floats, greatest: int) -> tuple[Floats, Floats]:
    """Of all ranges the best for each row."""
    ends = np.maximum(np.abs(flat).max(axis=1, initial=0.0), 1e-30)
    best = np.full(len(flat), np.inf)
    codes, scales = np.zeros_like(flat), ends / greatest
    for ratio in RATIOS:
        step = ends * ratio / greatest
        tried = np.clip(np.rint(flat / step[:, None]), -greatest, greatest)
        error = ((tried * step[:, None] - flat) ** 2).sum(axis=1)
        better = error < best
        best, scales = np.where(better, error, best), np.where(better, step, scales)
        codes = np.where(better[:, None], tried, codes)
    return codes, scales
