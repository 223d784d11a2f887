"""Rounding by covariance leaves less error at the output than rounding each weight alone."""

import numpy as np

from tileloom.compiler.covariance_rounding import covariance_codes
from tileloom.compiler.graph import Window
from tileloom.compiler.patches import covariance_of


def test_output_error_is_smaller() -> None:
    random = np.random.default_rng(3)
    hidden = random.normal(size=(500, 6))
    inputs = hidden @ random.normal(size=(6, 40)) + 0.1 * random.normal(size=(500, 40))
    weights, scales = random.normal(size=(16, 40)), np.full(16, 0.25)
    covariance = np.cov(inputs.T, bias=True)
    codes = covariance_codes(weights, scales, covariance, 15)
    nearest = np.clip(np.rint(weights / scales[:, None]), -15, 15)
    spread, alone = (((each * scales[:, None] - weights) @ inputs.T).var() for each in (codes, nearest))
    assert spread < 0.5 * alone
    assert np.abs(codes).max() <= 15


def test_inputs_that_never_change_are_rounded_alone() -> None:
    weights = np.asarray([[0.4, 0.6, -1.2]])
    codes = covariance_codes(weights, np.ones(1), np.zeros((3, 3)), 127)
    assert codes.tolist() == [[0, 1, -1]]


def test_covariance_is_that_of_the_patches() -> None:
    random = np.random.default_rng(4)
    frames = random.normal(size=(2, 3, 9, 8))
    window = Window((3, 2), stride=(2, 1), pads=(1, 0, 1, 1), dilation=(1, 2))
    padded = np.pad(frames, ((0, 0), (0, 0), (1, 1), (0, 1)))
    patches = [
        padded[frame, :, y : y + 3, x : x + 3 : 2].ravel()
        for frame in range(2)
        for y in range(0, padded.shape[2] - 2, 2)
        for x in range(padded.shape[3] - 2)
    ]
    np.testing.assert_allclose(covariance_of(frames, window), np.cov(np.stack(patches).T, bias=True), atol=1e-12)
