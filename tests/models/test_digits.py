"""The shipped digits are scikit-learn's, and are enlarged as PyTorch enlarges."""

import numpy as np
import pytest

from tileloom.models import digits


def test_shipped_digits_equal_scikit_learns() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    train, rest = digits.split()
    held_out, calibration = digits.held_out(), digits.calibration()
    assert len(train.labels) == 1437 and len(rest.labels) == 360
    np.testing.assert_array_equal(held_out.pixels, rest.pixels)
    np.testing.assert_array_equal(held_out.labels, rest.labels)
    np.testing.assert_array_equal(calibration.pixels, train.pixels[:64])
    np.testing.assert_array_equal(calibration.labels, train.labels[:64])


def test_split_is_a_partition_of_scikit_learns_digits() -> None:
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
    whole = datasets.load_digits()
    train, rest = digits.split()
    ours = np.concatenate([train.pixels, rest.pixels]).reshape(-1, 64)
    theirs = whole.images.astype(np.uint8).reshape(-1, 64)
    assert sorted(map(bytes, ours)) == sorted(map(bytes, theirs))
    assert whole.images.max() == digits.INK


def test_enlarge_equals_pytorchs_interpolate() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    held_out = digits.held_out()
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(held_out.pixels[:, np.newaxis] / np.float32(digits.INK)),
        size=(32, 32),
        mode="bilinear",
        align_corners=False,
    )
    np.testing.assert_array_equal(held_out.images, expected.numpy())


def test_images_are_network_inputs() -> None:
    images = digits.held_out().images
    assert images.shape == (360, 1, 32, 32)
    assert images.dtype == np.float32
    assert images.min() == 0.0 and images.max() == 1.0
