"""Verify on networks that nobody here made, and on the zoo, on every target up to the RTL."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.import_edges import ROOT
from tileloom.files import Arrays
from tileloom.verbs.verify import VerifyDocument, verify

CASES = Path(os.environ.get("TILELOOM_CASES", ROOT.parent / "shared" / "cases"))
MNIST = "mnist8_cntk/mnist_t10k_0_5000.npz"
TARGETS = ("default", "small", "odd", "mac25", "small16")


def digits() -> np.ndarray:
    """64 MNIST digits ``(64, 1, 28, 28)`` of 0 .. 255."""
    with np.load(CASES / MNIST) as file:
        return np.asarray(file["x"][:64].reshape(-1, 1, 28, 28), dtype=np.float32)


def model(name: str) -> tuple[str, Arrays | None]:
    """What to give verify: a zoo name without data, or a case's file with its digits."""
    files = {"mnist8_cntk": "mnist8_cntk/mnist-8.onnx", "onnx2c_mnist14": "onnx2c_mnist14/mnist14_fp32.onnx"}
    if name not in files:
        return name, None
    path = CASES / files[name]
    if not path.exists() or not (CASES / MNIST).exists():
        pytest.skip("the case networks are not here: set TILELOOM_CASES to their folder")
    if name == "mnist8_cntk":
        return str(path), {"Input3": digits()}
    halved = digits().reshape(-1, 1, 14, 2, 14, 2).mean((3, 5)) / 255
    return str(path), {"network_input": halved}


def check(found: VerifyDocument) -> None:
    assert found.problems == ()
    assert found.mismatches == 0
    assert found.deviation is not None
    assert found.deviation.float is not None
    assert found.deviation.float.snr_db is not None
    assert found.deviation.float.snr_db > 25


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["mnist8_cntk", "onnx2c_mnist14", "lenet5", "digits_modern"])
def test_simulators(name: str, target: str) -> None:
    path, data = model(name)
    check(verify(path, target=target, engine="cycle", frames=3, input=data, calibration=data))


@pytest.mark.parametrize(
    "target",
    [pytest.param(target, marks=[] if target in ("default", "small16") else pytest.mark.full) for target in TARGETS],
)
@pytest.mark.parametrize("name", ["mnist8_cntk", "onnx2c_mnist14", "lenet5", "digits_modern"])
def test_rtl(name: str, target: str) -> None:
    path, data = model(name)
    found = verify(path, target=target, engine="rtl", frames=3, input=data, calibration=data)
    check(found)
    assert found.cycles_simulated == found.cycles_rtl
    assert found.trace_equal is True
    assert found.stalls_equal is True
