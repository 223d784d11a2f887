"""The large networks of the onnx package compile for the default target and are exact at every tensor."""

import pytest

from tests.large.trial import try_network
from tileloom.hw.spec.config import load_target

NETWORKS = ("vgg19",)
"""Networks whose operators are all supported."""


@pytest.mark.full
@pytest.mark.parametrize("network", NETWORKS)
def test_every_tensor_is_exact_and_rich(network: str) -> None:
    trial = try_network(network, load_target("default"), seed=0)
    print(trial)
    assert trial.tensors > 10
    assert trial.mismatches == 0
    assert trial.poor == ()
