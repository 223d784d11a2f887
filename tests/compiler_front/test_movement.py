"""Movements of data in whole graphs: what they cost, what the operators around them become, which grids they share."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from tests.compiler_front.float_here import without_child
from tileloom.compiler.frontend import quantise, simplify, take_model
from tileloom.compiler.graph import Assemble, Conv2d, IntegerGraph, MaxPool2d
from tileloom.compiler.operator_example import Array, Example, integers, numbers, step
from tileloom.compiler.real_graph import Assembly, Convolution, RealGraph

NORM: dict[str, Array] = {
    "g": numbers(6, seed=3) + np.float32(2),
    "h": numbers(6, seed=4),
    "m": numbers(6, seed=5),
    "s": np.abs(numbers(6, seed=6)) + np.float32(0.5),
}


def real(*nodes: onnx.NodeProto, **constants: Array) -> RealGraph:
    return simplify(take_model(Example("net", nodes, (1, 3, 8, 8), constants).model()))


def kinds(graph: RealGraph) -> dict[str, int]:
    return dict(Counter(type(operator).__name__ for operator in graph.operators))


def test_relu_and_norm_behind_a_concatenation_reach_the_convolutions() -> None:
    graph = real(
        step("Conv", "x v", "a"),
        step("Conv", "x w", "b"),
        step("Concat", "b a", "c", axis=1),
        step("BatchNormalization", "c g h m s", "n"),
        step("Relu", "n", "y"),
        v=numbers(4, 3, 1, 1),
        w=numbers(2, 3, 1, 1),
        **NORM,
    )
    assert kinds(graph) == {"Convolution": 2, "Assembly": 1}
    assert all(operator.low == 0.0 for operator in graph.operators if isinstance(operator, Convolution))


def test_norm_and_relu_behind_a_transposed_convolution_cost_nothing() -> None:
    graph = real(
        step("ConvTranspose", "x w", "c", strides=[2, 2]),
        step("BatchNormalization", "c g h m s", "n"),
        step("Relu", "n", "y"),
        w=numbers(3, 6, 2, 2),
        **NORM,
    )
    assert kinds(graph) == {"Convolution": 4, "Assembly": 1}


def test_norm_with_other_readers_stays_behind_the_concatenation() -> None:
    graph = real(
        step("Conv", "x v", "a"),
        step("Concat", "a a", "c", axis=1),
        step("BatchNormalization", "c g h m s", "n"),
        step("Concat", "n c", "y", axis=1),
        v=numbers(3, 3, 1, 1),
        **NORM,
    )
    assert kinds(graph) == {"Convolution": 2, "Assembly": 2}


def test_channels_that_need_two_factors_stay() -> None:
    graph = real(
        step("Conv", "x v", "a"),
        step("Concat", "a a", "c", axis=1),
        step("BatchNormalization", "c g h m s", "y"),
        v=numbers(3, 3, 1, 1),
        **NORM,
    )
    assert kinds(graph) == {"Convolution": 2, "Assembly": 1}


@pytest.mark.parametrize(
    ("reader", "attributes", "fill", "folds"),
    [
        ("Conv", {}, 0.0, True),
        ("Conv", {}, 1.0, False),
        ("AveragePool", {"kernel_shape": [3, 3]}, 0.0, True),
        ("MaxPool", {"kernel_shape": [3, 3]}, 0.0, True),
        ("MaxPool", {"kernel_shape": [3, 3]}, 0.5, False),
        ("MaxPool", {"kernel_shape": [2, 3]}, 0.0, False),
        ("MaxPool", {"kernel_shape": [3, 3]}, -3e38, True),
    ],
)
def test_borders_become_padding_where_they_mean_the_same(
    reader: str, attributes: dict[str, Any], fill: float, folds: bool
) -> None:
    graph = real(
        step("Conv", "x v", "c"),
        step("Relu", "c", "r"),
        step("Pad", "r p f", "q"),
        step(reader, "q w" if reader == "Conv" else "q", "y", **attributes),
        v=numbers(4, 3, 1, 1),
        p=integers(0, 0, 1, 2, 0, 0, 2, 1),
        f=np.asarray(fill, dtype=np.float32),
        w=numbers(2, 4, 3, 3),
    )
    last = graph.operators[-1]
    assert any(isinstance(operator, Assembly) for operator in graph.operators) is not folds
    if folds:
        assert getattr(last, "window").pads == (1, 2, 2, 1)  # noqa: B009 - three kinds of operators have one


def test_a_channel_shuffle_is_one_piece_and_half_of_it_another() -> None:
    graph = real(
        step("Conv", "x v", "c"),
        step("Reshape", "c s", "r"),
        step("Transpose", "r", "t", perm=[0, 2, 1, 3, 4]),
        step("Reshape", "t u", "q"),
        step("Split", "q", "a b", axis=1),
        step("Conv", "a w", "d"),
        step("Conv", "q z", "e"),
        step("Concat", "d e b", "y", axis=1),
        v=numbers(8, 3, 1, 1),
        s=integers(1, 2, 4, 8, 8),
        u=integers(0, -1, 8, 8),
        w=numbers(2, 4, 1, 1),
        z=numbers(2, 8, 1, 1),
    )
    half, whole, together = (operator for operator in graph.operators if isinstance(operator, Assembly))
    assert [len(each.pieces) for each in (half, whole)] == [1, 1]
    assert [piece.input for piece in together.pieces] == ["d", "e", "c"], "the other half is read where it lies"


def test_two_readers_of_a_movement_share_its_map() -> None:
    graph = real(
        step("Relu", "x", "r"),
        step("Transpose", "r", "t", perm=[0, 1, 3, 2]),
        step("Conv", "t v", "a"),
        step("Conv", "t w", "b"),
        step("Add", "a b", "y"),
        v=numbers(2, 3, 1, 1),
        w=numbers(2, 3, 1, 1),
    )
    assert kinds(graph)["Assembly"] == 1


def grid(scale: float) -> Array:
    return np.asarray(scale, dtype=np.float32)


def quantised_concat(first: float, second: float, written: float) -> IntegerGraph:
    nodes = [step("DequantizeLinear", "w s z", "wd")]
    for name, scale in (("a", "sa"), ("b", "sb")):
        nodes += [
            step("Conv", "x wd", f"{name}c"),
            step("QuantizeLinear", f"{name}c {scale} z", f"{name}q"),
            step("DequantizeLinear", f"{name}q {scale} z", name),
        ]
    nodes += [
        step("Concat", "a b", "c", axis=1),
        step("QuantizeLinear", "c sy z", "q"),
        step("DequantizeLinear", "q sy z", "y"),
    ]
    constants: dict[str, NDArray[Any]] = {
        "w": np.ones((2, 3, 1, 1), dtype=np.int8),
        "s": grid(0.01),
        "sa": grid(first),
        "sb": grid(second),
        "sy": grid(written),
        "z": np.asarray(0, dtype=np.int8),
    }
    return quantise(take_model(Example("net", nodes, (1, 3, 4, 4), constants).model()))


def test_maps_that_are_put_together_share_a_grid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_child(monkeypatch, tmp_path)
    same = quantised_concat(0.5, 0.5, 0.5)
    assert [type(operator) for operator in same.operators] == [Conv2d, Conv2d, Assemble]
    other = quantised_concat(0.5, 0.25, 0.125)
    assert [type(operator) for operator in other.operators] == [Conv2d, Conv2d, Conv2d, Conv2d, Assemble]
    (last,) = other.outputs
    assert other.tensors[last].scale == 0.125, "the grid that the model gives is the one used"


def test_calibration_gives_all_parts_of_a_map_one_grid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_child(monkeypatch, tmp_path)
    nodes = (
        step("Conv", "x v", "a"),
        step("Conv", "x w", "b"),
        step("MaxPool", "b", "p", kernel_shape=[1, 1]),
        step("Concat", "a p", "c", axis=1),
        step("Pad", "c d f", "y"),
    )
    constants = {
        "v": numbers(2, 3, 1, 1, scale=0.01),
        "w": numbers(2, 3, 1, 1, scale=3),
        "d": integers(0, 0, 1, 1, 0, 0, 1, 1),
        "f": np.asarray(-100, dtype=np.float32),
    }
    graph = quantise(take_model(Example("net", nodes, (1, 3, 4, 4), constants).model()), method="minmax")
    grids = {(tensor.scale, tensor.zero_point) for name, tensor in graph.tensors.items() if name != "x"}
    ((scale, zero_point),) = grids
    assert (-128 - zero_point) * scale == pytest.approx(-100, rel=0.02), "the padding widens the range"
    assert sum(isinstance(operator, MaxPool2d) for operator in graph.operators) == 1


def test_any_order_of_an_output_is_put_right() -> None:
    graph = real(
        step("Conv", "x v", "c"),
        step("Transpose", "c", "y", perm=[0, 2, 1, 3]),
        v=numbers(4, 3, 1, 1),
    )
    assert kinds(graph) == {"Convolution": 1, "Assembly": 1}
    assert graph.outputs == ("y",) and graph.maps["y"].shape == (8, 4, 8) and not graph.maps["y"].channels_last
