"""Networks quantised for 16-bit operands: nearer to the float network, exact on the machine, refused where too wide."""

import numpy as np
import pytest

from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.float_model import run_float
from tileloom.compiler.frontend import quantise, read_model
from tileloom.compiler.graph import Conv2d, IntegerGraph
from tileloom.compiler.problems import ModelError
from tileloom.compiler.quantised_io import dequantise_output, quantise_input
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import load_target
from tileloom.models.zoo import MODELS, ZooModel, find
from tileloom.sim.functional.run import run

TARGET = load_target("small16")


def of_zoo(model: ZooModel, bits: int) -> IntegerGraph:
    return quantise(read_model(model.path), model.calibration(), bits=bits)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_exact_and_nearer_to_float(model: ZooModel) -> None:
    network, images = read_model(model.path), model.held_out().images[:4]
    (output,) = network.outputs
    exact = run_float(network, {"image": images})[output].reshape(len(images), -1)
    errors = {}
    for bits in (8, 16):
        graph = of_zoo(model, bits)
        codes = {"image": quantise_input(graph.tensors["image"], images)}
        found = evaluate(graph, codes)[output]
        errors[bits] = float(np.abs(dequantise_output(graph.tensors[output], found).reshape(exact.shape) - exact).max())
    assert errors[16] < errors[8] / 4
    assert {tensor.code_type for tensor in graph.tensors.values()} == {np.dtype(np.int16)}
    assert {o.weights.dtype for o in graph.operators if isinstance(o, Conv2d)} == {np.dtype(np.int16)}
    result = run(compile_graph(graph, TARGET), codes)
    assert np.array_equal(result.outputs[output], found)


def test_networks_of_8_bits_run_on_a_target_of_16() -> None:
    model = find("digits_modern")
    graph = of_zoo(model, 8)
    codes = {"image": quantise_input(graph.tensors["image"], model.held_out().images[:2])}
    (output,) = graph.outputs
    result = run(compile_graph(graph, TARGET), codes)
    assert result.outputs[output].dtype == np.int16
    assert np.array_equal(result.outputs[output], evaluate(graph, codes)[output])


def test_a_target_of_8_bits_refuses_wider_codes() -> None:
    with pytest.raises(ModelError) as refused:
        compile_graph(of_zoo(find("lenet5"), 16), load_target("default"))
    assert {problem.code for problem in refused.value.problems} == {"TL502"}
    assert "target default must have operands as wide as the network's, of 16 bits" in str(refused.value)


def test_unsigned_codes_of_the_same_width_are_shifted() -> None:
    tensor = of_zoo(find("lenet5"), 16).tensors["image"]
    codes = np.random.default_rng(0).integers(-32768, 32768, (2, 1, 32, 32)).astype(np.int16)
    shifted = (codes.astype(np.int32) + 32768).astype(np.uint16)
    assert np.array_equal(quantise_input(tensor, shifted), codes)
    assert np.array_equal(quantise_input(tensor, codes), codes)
