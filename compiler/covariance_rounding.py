"""Rounding of weights whose errors cancel for the inputs that occur together.

Weights of an output are rounded one after another; the error of each is made up for by the weights that are still to
be rounded, as far as their inputs follow its input (Frantar et al., GPTQ: accurate post-training quantization for
generative pre-trained transformers, 2023). What follows what is the covariance of the inputs of one pixel's sum over
the calibration data.
"""

import numpy as np

from tileloom.compiler.real_graph import Floats, Int64s

DAMPING = 0.01
"""Part of the mean variance that is added to every variance: inputs that never change must not carry errors."""


def covariance_codes(weights: Floats, scales: Floats, covariance: Floats, greatest: int) -> Int64s:
    """Codes of magnitude ``greatest`` at most with a small ``error @ covariance @ error`` for every output.

    Parameters
    ----------
    weights : ``(out, ...)``, in the order of ``covariance`` behind the first axis
    scales : one per output
    covariance : ``(inputs, inputs)``, positive semidefinite

    Inputs of large variance come first. With equal inputs the second weight makes up for the first one's error:

    >>> covariance_codes(np.asarray([[1.4, 1.4]]), np.ones(1), np.ones((2, 2)), 127).tolist()
    [[1, 2]]
    """
    count = len(covariance)
    mean = float(np.trace(covariance)) / count
    if mean <= 0.0:
        return np.clip(np.rint(weights / _wide(scales, weights)), -greatest, greatest).astype(np.int64)
    order = np.argsort(-np.diag(covariance), kind="stable")
    damped = covariance[np.ix_(order, order)] + DAMPING * mean * np.eye(count)
    factor = np.linalg.cholesky(np.linalg.inv(damped)).T
    exact = (weights / _wide(scales, weights)).reshape(len(weights), count)[:, order]
    codes = np.zeros(exact.shape, dtype=np.int64)
    for index in range(count):
        code = np.clip(np.rint(exact[:, index]), -greatest, greatest)
        codes[:, index] = code
        error = (exact[:, index] - code) / factor[index, index]
        exact[:, index + 1 :] -= np.outer(error, factor[index, index + 1 :])
    result = np.empty_like(codes)
    result[:, order] = codes
    return result.reshape(weights.shape)


def _wide(scales: Floats, weights: Floats) -> Floats:
    return scales.reshape(-1, *(1,) * (weights.ndim - 1))
