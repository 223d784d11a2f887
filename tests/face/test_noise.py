"""The layer that spoils the signal is named."""

from pathlib import Path

import numpy as np
import pytest

from tests.float_in_process import float_runs_in_process
from tileloom.compiler.frontend import quantise, take_model
from tileloom.compiler.operator_example import Example, numbers, step
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


@pytest.mark.parametrize("function", ["Tanh", "HardSwish"])
def test_a_fused_function_is_looked_at_behind_it(tmp_path: Path, function: str) -> None:
    steps = [step("Conv", "x w", "c"), step(function, "c", "f"), step("Conv", "f w", "y")]
    path = tmp_path / "fused.onnx"
    path.write_bytes(Example("fused", steps, (1, 4, 6, 6), {"w": numbers(4, 4, 1, 1)}).model().SerializeToString())
    x = np.random.default_rng(0).normal(size=(8, 4, 6, 6)).astype(np.float32)
    with float_runs_in_process():
        found = verify(path, engine="functional", input={"x": x}, calibration={"x": x})
    deviations = {layer.tensor: layer.deviation for layer in found.layers}
    assert list(deviations) == ["f", "y"], "the layer gives what the function gives, and is compared with that"
    for deviation in deviations.values():
        assert deviation is not None and deviation.float is not None and deviation.float.snr_db is not None
        assert deviation.float.snr_db > 25
