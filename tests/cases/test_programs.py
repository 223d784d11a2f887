"""Every case network becomes a program for the default target that is exact at every tensor; one alone is refused."""

from pathlib import Path

import pytest

from tests.cases.networks import case
from tileloom.compiler.frontend import check
from tileloom.compiler.problems import ModelError
from tileloom.verbs.compile import compile
from tileloom.verbs.verify import verify

pytestmark = pytest.mark.full
NETWORKS = (
    "ad01_autoencoder/ad01_fp32",
    "ad01_autoencoder/ad01_int8_qdq",
    "cifar_resnet8/resnet8_fp32",
    "cifar_resnet8/resnet8_int8_qdq",
    "deeploy_kws_int/network",
    "fastestdet/FastestDet",
    "kws_dscnn/kws_dscnn_fp32",
    "kws_dscnn/kws_dscnn_int8_qdq",
    "mnist8_cntk/mnist-8",
    "onnx2c_mnist14/mnist14_fp32",
    "superres_espcn/superres_core",
    "tfc_qonnx_mnist/TFC_1W2A",
    "tfc_qonnx_mnist/TFC_2W2A",
    "ultraface_slim320/version-slim-320_simplified",
    "ultraface_slim320/version-slim-320_without_postprocessing",
)


@pytest.mark.parametrize("name", NETWORKS, ids=[Path(name).name for name in NETWORKS])
def test_nearly_everything_is_on_the_grid(name: str) -> None:
    found = compile(str(case(f"{name}.onnx")))
    print(f"{name}: {found.grid_macs_share:.2%} of MACs, {found.grid_elements_share:.2%} of elements, {found.host}")
    assert found.grid_macs_share >= 0.999
    assert found.grid_elements_share >= 0.95


@pytest.mark.parametrize("name", NETWORKS, ids=[Path(name).name for name in NETWORKS])
def test_program_is_exact(name: str) -> None:
    found = verify(str(case(f"{name}.onnx")), engine="functional", frames=1)
    assert found.problems == () and found.mismatches == 0
    assert len(found.layers) > 1


def test_pictures_inside_the_network_are_refused_with_reasons() -> None:
    problems = check(case("superres_espcn/sr_prepost.onnx"))
    assert {"TL201"} <= {problem.code for problem in problems}
    assert all(isinstance(problem.fix, str) and problem.fix for problem in problems)
    with pytest.raises(ModelError, match="TL201"):
        verify(str(case("superres_espcn/sr_prepost.onnx")))
