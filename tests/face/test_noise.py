"""The layer that spoils the signal is named."""

from pathlib import Path

import numpy as np
import pytest

from tests.float_in_process import float_runs_in_process
from tileloom.compiler.float_model import observe
from tileloom.compiler.frontend import quantise, simplify, take_model
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.parts import with_parts
from tileloom.compiler.passes.calibrate import calibrate, values_to_observe
from tileloom.compiler.real_graph import Convolution
from tileloom.noise import Loss, greatest_loss
from tileloom.verbs.verify import verify


def network() -> Example:
    steps = [step("Conv", f"{name} w", f"{after}", pads=[1, 1, 1, 1]) for name, after in ("xa", "ab", "bc", "cy")]
    return Example("chain", steps, (1, 4, 6, 6), {"w": numbers(4, 4, 3, 3)})


def test_greatest_loss_is_against_the_inputs() -> None:
    with float_runs_in_process():
        graph = quantise(take_model(network().model()))
    assert greatest_loss(graph, {"a": 40.0, "b": 38.0, "c": 20.0, "y": 19.0}) == Loss("c", 38.0, 20.0)
    assert greatest_loss(graph, {"a": 40.0, "c": 20.0}) == Loss("c", 40.0, 20.0), "what lies between may be unknown"
    assert greatest_loss(graph, {"a": 40.0, "b": 38.0, "c": 37.0}) is None


def test_verify_names_the_layer_with_few_bits(tmp_path: Path) -> None:
    from tileloom.compiler.bit_widths import BitWidths, LayerBits
    from tileloom.compiler.settings import Settings
    from tileloom.model_argument import find

    path = tmp_path / "chain.onnx"
    path.write_bytes(network().model().SerializeToString())
    settings = Settings(bits=BitWidths((LayerBits("Conv_c", weights=2),)))
    x = np.random.default_rng(0).normal(size=(8, 4, 6, 6)).astype(np.float32)
    with float_runs_in_process():
        found = verify(find(path, settings), engine="functional", input={"x": x}, calibration={"x": x})
    assert found.mismatches == 0
    (note,) = (note for note in found.notes if "most signal is lost" in note)
    assert "Conv_c" in note


@pytest.mark.parametrize(("function", "size"), [("Tanh", 1.0), ("HardSwish", 1.0), ("HardSwish", 0.02), ("Silu", 0.02)])
def test_a_fused_function_is_looked_at_behind_it(tmp_path: Path, function: str, size: float) -> None:
    """Of small numbers too: a function that comes back to zero needs one table for those that occur, no more."""
    names = {"Silu": [step("Sigmoid", "c", "g"), step("Mul", "c g", "f")]}
    steps = [step("Conv", "x w", "c"), *names.get(function, [step(function, "c", "f")]), step("Conv", "f v", "y")]
    path = tmp_path / "fused.onnx"
    weights = {"w": numbers(4, 4, 1, 1) * np.float32(size), "v": numbers(4, 4, 1, 1)}
    path.write_bytes(Example("fused", steps, (1, 4, 6, 6), weights).model().SerializeToString())
    x = np.random.default_rng(0).normal(size=(8, 4, 6, 6)).astype(np.float32)
    with float_runs_in_process():
        found = verify(path, engine="functional", input={"x": x}, calibration={"x": x})
    deviations = {layer.tensor: layer.deviation for layer in found.layers}
    assert list(deviations) == ["f", "y"], "the layer gives what the function gives, and is compared with that"
    for deviation in deviations.values():
        assert deviation is not None and deviation.float is not None and deviation.float.snr_db is not None
        assert deviation.float.snr_db > 25


def test_maps_in_another_order_are_compared_with_the_right_elements(tmp_path: Path) -> None:
    """Matrices lie channels last in the machine, and a product of two of them lies in neither order."""
    steps = [
        step("MatMul", "x a", "m"),
        step("Tanh", "m", "t"),
        step("Transpose", "t", "u", perm=[0, 2, 1]),
        step("MatMul", "t u", "p"),
        step("Softmax", "p", "s"),
        step("MatMul", "s t", "y"),
    ]
    path = tmp_path / "tokens.onnx"
    path.write_bytes(Example("tokens", steps, (1, 6, 5), {"a": numbers(5, 8)}).model().SerializeToString())
    x = np.random.default_rng(0).normal(size=(8, 6, 5)).astype(np.float32)
    with float_runs_in_process():
        found = verify(path, engine="functional", input={"x": x}, calibration={"x": x})
    known = {
        each.tensor: each.deviation.float.snr_db for each in found.layers if each.deviation and each.deviation.float
    }
    assert {"t", "y"} <= known.keys()
    assert all(each is not None and each > 15 for each in known.values()), known


def test_means_are_of_the_channels_that_a_map_has() -> None:
    """A map whose channels were shuffled, or that lies channels last, has not the means of the value it is made of."""
    shuffled = [
        step("Conv", "x w", "c"),
        step("Reshape", "c parts", "r"),
        step("Transpose", "r", "t", perm=[0, 2, 1, 3, 4]),
        step("Reshape", "t whole", "s"),
        step("Conv", "s w", "d"),
        step("Conv", "d w", "y"),
    ]
    weights = {"w": numbers(4, 4, 1, 1), "parts": np.array([1, 2, 2, 5, 5]), "whole": np.array([1, 4, 5, 5])}
    x = np.random.default_rng(0).normal(size=(8, 4, 5, 5)).astype(np.float32) + np.arange(4.0)[:, None, None]
    network = take_model(Example("shuffled", shuffled, (1, 4, 5, 5), weights).model())
    graph = simplify(network)
    with float_runs_in_process():
        seen = observe(with_parts(network, graph.parts), {"x": x.astype(np.float32)}, values_to_observe(graph))
    convolutions = [each for each in calibrate(graph, seen, "mse").operators if isinstance(each, Convolution)]
    assert [each.means is not None for each in convolutions] == [True, False, True]
