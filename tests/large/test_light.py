"""The large networks of the onnx package compile for the default target and are exact at every tensor."""

import pytest

from tests.large.trial import Trial, try_network
from tileloom.hw.spec.config import load_target
from tileloom.models.light import LIGHT

OTHERS = [name for name in LIGHT if name not in ("squeezenet", "resnet50")]


def judged(network: str) -> Trial:
    """The trial of a network on the default target, which must be exact and prove something."""
    trial = try_network(network, load_target("default"), seed=0)
    print(trial)
    assert trial.tensors > 10
    assert trial.mismatches == 0
    assert trial.poor == ()
    return trial


def test_squeezenet_is_exact_at_every_tensor() -> None:
    judged("squeezenet")


@pytest.mark.full
@pytest.mark.parametrize("network", OTHERS)
def test_every_tensor_is_exact(network: str) -> None:
    judged(network)


@pytest.mark.full
def test_resnet50_is_exact_and_takes_little_time() -> None:
    trial = judged("resnet50")
    assert trial.compile_seconds <= 60
    assert trial.compile_bytes <= 4 << 30
    assert trial.functional_seconds <= 15
    assert trial.cycle_seconds <= 3
    assert trial.utilisation >= 0.94
