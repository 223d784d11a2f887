"""Rounding of weights whose errors cancel for the typical input.

Rounding each weight to its nearest code leaves an error that is small for random inputs but adds up where all inputs of
a channel are large together, as in a bright part of a picture. Some weights near the middle between two codes are
therefore rounded to the other side: until the errors of each kernel cancel, because neighbouring inputs are alike, and
then until those of all kernels of an output, weighted by the inputs' means, cancel too.
"""

import numpy as np

from tileloom.compiler.real_graph import Floats, Int64s


def balanced_codes(weights: Floats, codes: Int64s, scales: Floats, means: Floats, groups: int) -> Int64s:
    """Codes, each within one of the given nearest ones, with ``sum((codes * scale - weights) * mean)`` near 0.

    Parameters
    ----------
    weights, codes : ``(out, in / groups, y, x)``
    scales : one per output
    means : of each input channel

    Codes at the ends of an output's range stay, so that no range grows. Of two weights the one nearer to the middle
    between its two codes moves first.

    >>> weights = np.full((1, 4, 1, 1), 1.4)
    >>> balanced_codes(weights, np.ones((1, 4, 1, 1), np.int64), np.ones(1), np.ones(4), 1).ravel().tolist()
    [1, 1, 1, 1]
    >>> weights[0, 0] = 2.6
    >>> balanced_codes(weights, np.rint(weights).astype(np.int64), np.ones(1), np.ones(4), 1).ravel().tolist()
    [3, 2, 1, 1]
    """
    outputs, per_group = weights.shape[:2]
    area = int(np.prod(weights.shape[2:]))
    codes = _balanced_kernels(
        weights.reshape(outputs, per_group, area), codes.reshape(outputs, per_group, area), scales
    )
    of_output = means.reshape(groups, per_group)[np.arange(outputs) * groups // outputs]
    result = codes.reshape(outputs, -1)
    exact = weights.reshape(outputs, -1) / scales[:, None]
    for output in range(outputs):
        size = np.repeat(of_output[output], area)
        _balance(result[output], exact[output], size)
    return result.reshape(weights.shape)


def _balanced_kernels(weights: Floats, codes: Int64s, scales: Floats) -> Int64s:
    """Codes ``(out, in, taps)`` whose errors add up to at most half a step in each kernel where the range allows."""
    errors = codes - weights / scales[:, None, None]
    totals = errors.sum(axis=2, keepdims=True)
    against = errors * np.sign(totals)
    inside = np.abs(codes) < np.abs(codes).max(axis=(1, 2), keepdims=True)
    against = np.where(inside & (against > 0), against, -1.0)
    rank = np.argsort(np.argsort(-against, axis=2, kind="stable"), axis=2, kind="stable")
    moved = (rank < np.rint(np.abs(totals))) & (against > 0)
    return np.asarray(codes - np.where(moved, np.sign(totals), 0.0).astype(np.int64))


def _balance(codes: Int64s, exact: Floats, size: Floats) -> None:
    """Move codes of one output, in place."""
    errors = codes - exact
    total = float((errors * size).sum())
    if total == 0.0 or len(codes) < 2:
        return
    greatest = np.abs(codes).max()
    # Moving a code against its error changes the total by the mean of its input.
    helps = (errors * size * np.sign(total) > 0) & (np.abs(codes) < greatest)
    many = min(len(codes), 8 + 4 * int(np.sqrt(len(codes))))
    key = np.where(helps, np.abs(errors), 0.0)
    first = np.argpartition(-key, many - 1)[:many]
    for index in first[np.argsort(-key[first], kind="stable")]:
        if key[index] == 0.0:
            break
        step = abs(float(size[index]))
        if abs(abs(total) - step) < abs(total) and (abs(total) - step) * 2 > -step:
            codes[index] -= int(np.sign(errors[index]))
            total -= float(np.sign(total)) * step
            if abs(total) * 2 <= float(np.abs(size).min()):
                break
