"""The exporter writes what PyTorch computes, and nothing of the machine."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("onnxscript", reason="onnxscript is not installed")

from tileloom.models.digits import STORE, held_out  # noqa: E402 (after the check that its packages are there)
from tileloom.models.export import export_onnx  # noqa: E402
from tileloom.models.lenet5 import LeNet5  # noqa: E402
from tileloom.models.modern import DigitsModern  # noqa: E402
from tileloom.models.train import shifted  # noqa: E402


def operators(path: Path) -> list[tuple[str, list[str]]]:
    """Operator and metadata of every node."""
    return [(node.op_type, [entry.value for entry in node.metadata_props]) for node in onnx.load(path).graph.node]


@pytest.mark.parametrize(("network", "name"), [(LeNet5, "lenet5"), (DigitsModern, "digits_modern")])
def test_export_equals_pytorch_and_the_committed_graph(
    network: type[LeNet5 | DigitsModern], name: str, tmp_path: Path
) -> None:
    torch.manual_seed(1)
    module = network().eval()
    path = tmp_path / "untrained.onnx"
    export_onnx(module, torch.zeros(1, 1, 32, 32), path)

    image = held_out().images[:1]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = module(torch.from_numpy(image)).numpy()
    np.testing.assert_allclose(session.run(None, {"image": image})[0], expected, rtol=1e-4, atol=1e-5)

    assert operators(path) == operators(STORE / f"{name}.onnx")
    for trace in (str(tmp_path), str(Path(__file__).parents[2])):
        assert trace.encode() not in path.read_bytes()


def test_shifted_moves_paper_in() -> None:
    torch.manual_seed(2)
    images = torch.zeros(20, 1, 32, 32)
    images[:, :, 16, 16] = 1
    moved = shifted(images, 3)
    assert moved.shape == images.shape
    places = moved.nonzero()[:, 2:]
    assert len(places) == 20 and bool(((places - 16).abs() <= 3).all())
    assert len(places.unique(dim=0)) > 5
