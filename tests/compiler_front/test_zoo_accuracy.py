"""The shipped digit networks, quantised with their calibration digits, keep their accuracy on all held-out digits."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tileloom.compiler.float_model import run_float
from tileloom.compiler.frontend import quantise, read_model
from tileloom.compiler.quantised_io import dequantise_output, quantise_input
from tileloom.compiler.reference import evaluate
from tileloom.models.zoo import MODELS, ZooModel


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_int8_is_within_one_point_of_float(model: ZooModel) -> None:
    network = read_model(model.path)
    graph = quantise(network, model.calibration())
    assert sum(graph.macs(operator) for operator in graph.operators) == model.macs
    digits = model.held_out()
    (output,) = graph.outputs
    exact = run_float(network, {"image": digits.images})[output].reshape(len(digits.labels), -1)
    codes = evaluate(graph, {"image": quantise_input(graph.tensors["image"], digits.images)})[output]
    given = dequantise_output(graph.tensors[output], codes).reshape(len(digits.labels), -1)
    accuracy = np.mean(given.argmax(axis=1) == digits.labels)
    assert accuracy >= np.mean(exact.argmax(axis=1) == digits.labels) - 0.01
    assert np.corrcoef(given.ravel(), exact.ravel())[0, 1] > 0.99


class Frames:
    """What ONNX Runtime's quantiser reads its calibration data from."""

    def __init__(self, images: NDArray[np.float32]) -> None:
        self.frames = iter([{"image": images[index : index + 1]} for index in range(len(images))])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self.frames, None)


@pytest.mark.parametrize("unsigned", [True, False], ids=["uint8", "int8"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_networks_quantised_by_onnx_runtime_keep_its_scales(model: ZooModel, unsigned: bool, tmp_path: Path) -> None:
    tools = pytest.importorskip("onnxruntime.quantization")
    file = tmp_path / "quantised.onnx"
    kinds = tools.QuantType
    tools.quantize_static(
        str(model.path),
        str(file),
        Frames(model.calibration()["image"]),
        quant_format=tools.QuantFormat.QDQ,
        activation_type=kinds.QUInt8 if unsigned else kinds.QInt8,
        weight_type=kinds.QInt8,
        per_channel=True,
    )
    network = read_model(file)
    graph = quantise(network)
    assert not any("random" in note for note in graph.notes), "every scale is the model's own"
    images = model.held_out().images[:100]
    (output,) = graph.outputs
    codes = evaluate(graph, {"image": quantise_input(graph.tensors["image"], images)})[output]
    given = dequantise_output(graph.tensors[output], codes).reshape(len(images), -1)
    exact = run_float(network, {"image": images})[output].reshape(len(images), -1)
    # Each layer rounds once here and in float there: a few codes at most, and one where nothing is nonlinear.
    assert np.abs(given - exact).max() <= 5.01 * graph.tensors[output].scale
    assert np.mean(given.argmax(axis=1) == exact.argmax(axis=1)) >= 0.99
