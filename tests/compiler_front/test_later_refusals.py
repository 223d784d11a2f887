"""Refusals that come after the check (data, numbers, targets) or lie off the common ways: their texts as snapshots.

``TILELOOM_UPDATE_GOLDEN=1`` writes the snapshot anew.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.float_in_process import float_runs_in_process
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.frontend import quantise, take_model
from tileloom.compiler.operator_example import Array, Example, integers, numbers, step
from tileloom.compiler.problems import ModelError
from tileloom.compiler.quantised_io import quantise_input
from tileloom.hw.spec.config import load_target

SNAPSHOT = Path(__file__).with_name("later_refusals.txt")
SHAPE = (1, 4, 6, 6)


def model(*nodes: onnx.NodeProto, shape: tuple[int, ...] = SHAPE, **constants: Array) -> onnx.ModelProto:
    return Example("bad", nodes, shape, constants, 17).model()


def conv() -> onnx.ModelProto:
    return model(step("Conv", "x w", "y", pads=[1, 1, 1, 1]), w=numbers(4, 4, 3, 3))


def calibrated(data: dict[str, Array], network: onnx.ModelProto | None = None) -> Callable[[], object]:
    def run() -> object:
        with float_runs_in_process():
            return quantise(take_model(network or conv(), "net"), data)

    return run


def checked(network: onnx.ModelProto) -> Callable[[], object]:
    return lambda: take_model(network, "net")


def compiled(network: onnx.ModelProto, **fields: object) -> Callable[[], object]:
    def run() -> object:
        with float_runs_in_process():
            graph = quantise(take_model(network, "net"))
        return compile_graph(graph, replace(load_target("small"), name="bare", **fields))  # type: ignore[arg-type]

    return run


def fed(array: Array) -> Callable[[], object]:
    def run() -> object:
        with float_runs_in_process():
            graph = quantise(take_model(conv(), "net"))
        return quantise_input(graph.tensors["x"], array)

    return run


def frames(value: float = 1.0) -> Array:
    return np.full((2, *SHAPE[1:]), value, np.float32)


def coded(scale: Array, zero: Array, axis: int = 0) -> onnx.ModelProto:
    nodes = (step("DequantizeLinear", "w s z", "d", axis=axis), step("Conv", "x d", "y"))
    return model(*nodes, w=np.ones((4, 4, 3, 3), np.int8), s=scale, z=zero)


def many_nodes() -> onnx.ModelProto:
    return model(step("Relu", "x", "y"), *(step("Relu", "x", f"r{index}") for index in range(50_000)))


def second_output() -> onnx.ModelProto:
    return model(step("MaxPool", "x", "m i", kernel_shape=[2, 2]), step("Cast", "i", "c", to=1), step("Relu", "c", "y"))


def unused_input() -> onnx.ModelProto:
    found = conv()
    found.graph.input.append(onnx.helper.make_tensor_value_info("idle", onnx.TensorProto.FLOAT, [1, 3]))
    return found


CASES: dict[str, Callable[[], object]] = {
    "calibration under another name": calibrated({"image": frames()}),
    "calibration of another shape": calibrated({"x": np.zeros((2, 3, 6, 6), np.float32)}),
    "calibration with NaN": calibrated({"x": frames(float("nan"))}),
    "calibration of text": calibrated({"x": np.full((2, *SHAPE[1:]), "a")}),
    "a function without a value": calibrated({"x": frames(-1.0)}, model(step("Sqrt", "x", "y"))),
    "input of another shape": fed(np.zeros((1, 3, 6, 6), np.float32)),
    "input with NaN": fed(frames(float("nan"))),
    "input codes out of range": fed(np.full((1, *SHAPE[1:]), 300, np.int64)),
    "input of text": fed(np.full((1, *SHAPE[1:]), "a")),
    "too many nodes": checked(many_nodes()),
    "a second output that is read": checked(second_output()),
    "an input that nobody uses": checked(unused_input()),
    "constants that cannot be computed": checked(
        model(step("Reshape", "w n", "v"), step("Conv", "x v", "y"), w=numbers(4, 4, 3, 3), n=integers(5, 5))
    ),
    "weights in blocks": checked(coded(np.ones((4, 4, 3, 1), np.float32), np.zeros((4, 4, 3, 1), np.int8), 3)),
    "scales along the inputs": checked(coded(np.linspace(1, 2, 4, dtype=np.float32), np.zeros(4, np.int8), 1)),
    "scales that are too few": checked(coded(np.ones(3, np.float32), np.zeros(3, np.int8))),
    "a constant that does not broadcast": checked(model(step("Add", "x b", "y"), b=numbers(5))),
    "a layer that does not fit": compiled(
        model(step("Conv", "x w", "y", dilations=[4, 4]), shape=(1, 8, 24, 24), w=numbers(4, 8, 5, 5)), window_bytes=64
    ),
    "an addition without a residual buffer": compiled(
        model(step("Conv", "x w", "c", pads=[1, 1, 1, 1]), step("Add", "c x", "y"), w=numbers(4, 4, 3, 3)),
        residual_bytes=0,
    ),
    "a maximum without channelwise modes": compiled(
        model(step("MaxPool", "x", "y", kernel_shape=[3, 3])), channelwise=False
    ),
    "a function without its unit": compiled(model(step("Sigmoid", "x", "y")), segments=0),
}


def text_of(case: str) -> str:
    with pytest.raises(ModelError) as caught:
        CASES[case]()
    return f"{caught.value}\n"


def snapshot() -> dict[str, str]:
    """Texts by case."""
    parts = SNAPSHOT.read_text().split("# ")[1:] if SNAPSHOT.exists() else []
    return {part.partition("\n")[0]: part.partition("\n")[2].rstrip("\n") + "\n" for part in parts}


@pytest.mark.parametrize("case", CASES)
def test_refusal_text_is_the_snapshot(case: str) -> None:
    text = text_of(case)
    if os.environ.get("TILELOOM_UPDATE_GOLDEN") == "1":
        known = {**snapshot(), case: text}
        SNAPSHOT.write_text("\n".join(f"# {name}\n{known[name]}" for name in CASES if name in known))
    assert snapshot().get(case) == text
