"""Every example of every operator file: the integer network against ONNX Runtime, within a proven bound."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from tests.compiler_front.float_here import without_child
from tileloom.compiler.error_bound import error_bounds
from tileloom.compiler.float_model import observe, run_float
from tileloom.compiler.frontend import simplify, take_model
from tileloom.compiler.network import Network
from tileloom.compiler.operator_example import Example
from tileloom.compiler.operator_table import operator_table
from tileloom.compiler.parts import with_parts
from tileloom.compiler.passes.calibrate import calibrate, values_to_observe
from tileloom.compiler.passes.quantise_graph import quantise_graph
from tileloom.compiler.passes.split_functions import split_functions
from tileloom.compiler.passes.verify_graph import verify_graph
from tileloom.compiler.quantised_io import dequantise_output, quantise_input
from tileloom.compiler.reference import evaluate

FRAMES = 6

EXAMPLES = [
    pytest.param(example, id=f"{name}: {example.name}")
    for name, operator in operator_table().items()
    for example in operator.examples
]


def frames_for(network: Network, seed: int) -> NDArray[np.generic]:
    shape = (FRAMES, *network.shapes["x"][1:])
    generator = np.random.default_rng(seed)
    dtype = onnx.helper.tensor_dtype_to_np_dtype(network.types["x"])
    if dtype.kind in "iu":
        return generator.integers(np.iinfo(dtype).min, np.iinfo(dtype).max + 1, shape).astype(dtype)
    return generator.normal(0.0, 1.0, shape).astype(dtype)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_is_within_the_proven_bound_of_onnx_runtime(
    example: Example, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_child(monkeypatch, tmp_path)
    network = take_model(example.model(), "example")
    x = frames_for(network, seed=7)
    real = simplify(network)
    values = values_to_observe(real)
    seen = observe(with_parts(network, real.parts), {"x": x}, values) if values else {}
    calibrated = split_functions(calibrate(real, seen, "minmax"))
    graph = verify_graph(quantise_graph(calibrated))
    bounds = error_bounds(graph, calibrated)
    found = evaluate(graph, {"x": quantise_input(graph.tensors["x"], x)})
    exact = run_float(network, {"x": x}, graph.outputs)
    for name in graph.outputs:
        tensor = graph.tensors[name]
        expected = exact[name].astype(np.float64)
        if exact[name].dtype == np.int8:
            expected = (expected - tensor.zero_point) * tensor.scale
        given = dequantise_output(tensor, found[name]).astype(np.float64)
        difference = np.abs(given - np.clip(expected.reshape(given.shape), *_limits(tensor.scale, tensor.zero_point)))
        assert difference.max() <= bounds[name] + 1e-6, f"{name}: {difference.max()} above {bounds[name]}"
        # The bound must mean something: far below the range of the output.
        assert bounds[name] < 0.5 * (256 * tensor.scale)


def _limits(scale: float, zero_point: int) -> tuple[float, float]:
    return (-128 - zero_point) * scale, (127 - zero_point) * scale


def test_every_operator_has_an_example_and_a_description() -> None:
    for operator in operator_table().values():
        assert operator.examples, operator.name
        assert operator.description.splitlines()[0].endswith("."), operator.name
