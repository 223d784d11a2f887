"""``repro``: what is left of a failing network still fails in the same way, and is small."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.face.command import tileloom
from tests.face.networks import BAD, good, network, node, save
from tileloom.failure import Stage, failures
from tileloom.hw.spec.config import load_target


def long(fault: onnx.NodeProto, weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    """Twelve convolutions, the fault in their middle reads ``c5`` and makes ``d``."""
    kernel = np.random.default_rng(3).normal(0, 0.3, (3, 3, 3, 3)).astype(np.float32)
    nodes = [node("Conv", [f"c{i - 1}" if i else "x", "w"], f"c{i}", pads=[1] * 4) for i in range(6)]
    nodes += [fault]
    nodes += [
        node("Conv", [f"c{i - 1}" if i > 6 else "d", "w"], f"c{i}" if i < 11 else "y", pads=[1] * 4)
        for i in range(6, 12)
    ]
    return network(nodes, {"w": kernel, **weights})


CASES: dict[str, tuple[str, onnx.ModelProto, list[str]]] = {
    "unsupported operator": ("TL201", long(node("Cosh", ["c5"], "d"), {}), ["Cosh"]),
    "groups": (
        "TL203",
        long(node("Conv", ["c5", "v"], "d", group=2), {"v": np.ones((3, 3, 1, 1), np.float32)}),
        ["Conv"],
    ),
    "NaN weights": (
        "TL110",
        long(node("Conv", ["c5", "v"], "d"), {"v": np.full((3, 3, 1, 1), np.nan, np.float32)}),
        ["Conv"],
    ),
}


@pytest.mark.parametrize("fault", CASES)
def test_shrinks_to_the_fault(tmp_path: Path, fault: str) -> None:
    code, model, left = CASES[fault]
    path = save(tmp_path, model)
    outcome = tileloom("repro", path, "--output", tmp_path / "small.onnx", "--json", "-")
    assert outcome.status == 0, outcome.stderr
    assert outcome.document["code"] == code
    assert outcome.document["operators"] == left
    assert outcome.document["weights_kept"] == (["v"] if fault == "NaN weights" else [])
    small = onnx.load(tmp_path / "small.onnx")
    assert [each.op_type for each in small.graph.node] == left
    assert code in {found.code for found in failures(small, Stage.CHECK, load_target("default"))}
    original = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for tensor in small.graph.initializer:
        if tensor.name not in outcome.document["weights_kept"]:
            assert not np.array_equal(numpy_helper.to_array(tensor), original[tensor.name])


def test_failure_of_the_back_end(tmp_path: Path) -> None:
    target = tmp_path / "tiny.toml"
    target.write_text("residual_bytes = 0\n")
    nodes = [node("Conv", ["x", "w"], "c", pads=[1] * 4), node("Relu", ["c"], "r"), node("Add", ["r", "x"], "y")]
    kernel = np.random.default_rng(3).normal(0, 0.3, (3, 3, 3, 3)).astype(np.float32)
    path = save(tmp_path, network(nodes, {"w": kernel}))
    outcome = tileloom("repro", path, "--target", target, "--output", tmp_path / "small.onnx", "--json", "-")
    assert outcome.status == 0, outcome.stderr
    assert (outcome.document["stage"], outcome.document["code"]) == ("compile", "TL502")
    assert outcome.document["operators"] == ["Add"]


def test_sound_network_is_refused(tmp_path: Path) -> None:
    outcome = tileloom("repro", save(tmp_path, good()), "--output", tmp_path / "small.onnx")
    assert outcome.status == 1
    assert outcome.stderr.splitlines()[-1].startswith("TL409 ")
    assert not (tmp_path / "small.onnx").exists()


def test_other_code_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, BAD["unsupported operator"][1]())
    outcome = tileloom("repro", path, "--code", "TL305", "--output", tmp_path / "small.onnx")
    assert outcome.status == 1
    assert "TL201" in outcome.stderr.splitlines()[-1]
