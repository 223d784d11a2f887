"""Operators that the accelerator lacks go to the host where the user allows it, and only there."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from tileloom import api
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.problems import ModelError
from tileloom.compiler.settings import Settings


def network() -> onnx.ModelProto:
    """Two convolutions; a sine of the first one's result is multiplied with the second one's."""
    nodes = (
        step("Conv", "x w", "a"),
        step("Relu", "a", "r"),
        step("Sin", "r", "s"),
        step("Conv", "r v", "b"),
        step("Mul", "b s", "m"),
        step("GlobalAveragePool", "m", "y"),
    )
    return Example("sine", nodes, (1, 2, 8, 8), {"w": numbers(4, 2, 3, 3), "v": numbers(4, 4, 1, 1)}).model()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "sine.onnx"
    onnx.save(network(), path)
    return path


def test_without_the_word_it_is_refused(model: Path) -> None:
    with pytest.raises(ModelError, match="TL201"):
        api.compile(str(model))


def test_parts_together_give_the_network(model: Path, tmp_path: Path) -> None:
    frames = np.random.default_rng(1).normal(size=(3, 2, 8, 8)).astype(np.float32)
    argument = api.model(str(model), host_ops=True)
    found = api.compile(argument, target="small", calibration={"x": frames}, output=tmp_path / "sine.tlp")
    assert {node.op for node in found.host} == {"Sin", "Mul", "GlobalAveragePool"}
    assert found.host_output == str(tmp_path / "sine.host.onnx")
    assert found.grid_macs_share == 1.0
    assert 0.3 < found.grid_elements_share < 0.9
    assert any("3 operators run on the host" in note for note in found.notes)

    outputs = tmp_path / "cut.npz"
    api.simulate(
        argument, target="small", engine="functional", calibration={"x": frames}, input={"x": frames}, output=outputs
    )
    values = np.load(outputs)
    behind = ReferenceEvaluator(onnx.load(found.host_output))
    whole = ReferenceEvaluator(network())
    for index, frame in enumerate(frames):
        feeds = {name: values[name][index : index + 1] for name in behind.input_names}
        (ours,), (wanted,) = list(behind.run(None, feeds)), list(whole.run(None, {"x": frame[None]}))
        ours, wanted = np.asarray(ours), np.asarray(wanted)
        np.testing.assert_allclose(ours, wanted, atol=0.05 * float(np.abs(wanted).max()))


def test_nothing_before_it_is_refused_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "only.onnx"
    onnx.save(Example("only", (step("Sin", "x", "s"), step("Relu", "s", "y")), (1, 2, 4, 4), {}).model(), path)
    with pytest.raises(ModelError, match="TL201"):
        api.compile(api.model(str(path), host_ops=True))
    assert Settings().host_ops is False
