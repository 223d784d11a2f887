"""The same network gives the same program on every machine: hashes of five programs, of networks that give all scales.

``TILELOOM_UPDATE_GOLDEN=1`` writes them anew, which a change of the compiler's decisions asks for.
"""

import hashlib
import os
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.fuzz.models import models
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.frontend import quantise, take_model
from tileloom.compiler.operator_example import Array, Example, step
from tileloom.hw.spec.config import load_target

SNAPSHOT = Path(__file__).with_name("hashes.txt")
CASES = (
    ("quantised", "default"),
    ("quantised", "odd"),
    ("residual", "default"),
    ("residual", "small"),
    ("residual", "mac25"),
)


def residual() -> onnx.ModelProto:
    """Two quantised convolutions around an addition, pooled."""
    grids = [("x", "a", "s"), ("c", "d", "t"), ("e", "f", "s"), ("p", "y", "t")]
    nodes = [
        node
        for value, real, scale in grids
        for node in (
            step("QuantizeLinear", f"{value} {scale} z", f"{value}_codes"),
            step("DequantizeLinear", f"{value}_codes {scale} z", real),
        )
    ]
    body = (
        step("DequantizeLinear", "w u n", "k", axis=0),
        step("Conv", "a k", "c", pads=[1, 1, 1, 1]),
        step("Add", "d a", "e"),
        step("MaxPool", "f", "p", kernel_shape=[2, 2], strides=[2, 2]),
    )
    order = (nodes[0], nodes[1], body[0], body[1], nodes[2], nodes[3], body[2], nodes[4], nodes[5], body[3], *nodes[6:])
    weights: dict[str, Array] = {
        "s": np.asarray(0.05, np.float32),
        "t": np.asarray(0.08, np.float32),
        "z": np.asarray(-5, np.int8),
        "w": np.random.default_rng(8).integers(-127, 128, (6, 6, 3, 3)).astype(np.int8),
        "u": np.linspace(0.002, 0.01, 6, dtype=np.float32),
        "n": np.zeros(6, np.int8),
    }
    return Example("residual", order, (1, 6, 10, 8), weights).model()


def program_hash(name: str, target: str) -> str:
    model = residual() if name == "residual" else onnx.load_from_string(models()[name])
    program = compile_graph(quantise(take_model(model, name)), load_target(target))
    return hashlib.sha256(program.to_bytes()).hexdigest()


def snapshot() -> dict[str, str]:
    """Hashes by network and target."""
    lines = SNAPSHOT.read_text().splitlines() if SNAPSHOT.exists() else []
    return dict(line.split(": ") for line in lines)


@pytest.mark.parametrize(("name", "target"), CASES)
def test_program_is_the_committed_one(name: str, target: str) -> None:
    found = program_hash(name, target)
    if os.environ.get("TILELOOM_UPDATE_GOLDEN") == "1":
        known = {**snapshot(), f"{name} on {target}": found}
        SNAPSHOT.write_text("".join(f"{key}: {known[key]}\n" for key in sorted(known)))
    assert snapshot()[f"{name} on {target}"] == found
