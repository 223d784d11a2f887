"""The shipped digit networks, quantised with their calibration digits, keep their accuracy on all held-out digits."""

import numpy as np
import pytest

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
