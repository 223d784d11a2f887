"""The integer reference against the written definition: Python integers and fractions, element by element."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from tileloom.compiler.graph import (
    Add,
    AveragePool2d,
    Conv2d,
    IntegerGraph,
    MaxPool2d,
    Operator,
    Source,
    Tensor,
    Window,
)
from tileloom.compiler.nonlinearity import table_of
from tileloom.compiler.real_graph import Quantisation
from tileloom.compiler.reference import FRAME_ELEMENTS, evaluate
from tileloom.compiler.table_function import TableFunction

SOURCE = Source("n", "op")


def rounded(value: Fraction) -> int:
    """To the nearest integer, halves to the even one."""
    return round(value)


def clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def graph_of(operator: Operator, read: Tensor, written: Tensor) -> IntegerGraph:
    tensors = {read.name: read, written.name: written}
    return IntegerGraph("g", tensors, (operator,), (read.name,), (written.name,))


def taps(window: Window, y: int, x: int, read: Tensor) -> list[tuple[int, int, int, int]]:
    """``(ky, kx, row, column)`` of the window's elements that lie inside the map."""
    found = []
    for ky, kx in product(range(window.kernel[0]), range(window.kernel[1])):
        row = y * window.stride[0] + ky * window.dilation[0] - window.pads[0]
        column = x * window.stride[1] + kx * window.dilation[1] - window.pads[1]
        if 0 <= row < read.height and 0 <= column < read.width:
            found.append((ky, kx, row, column))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_conv2d(seed: int) -> None:
    generator = np.random.default_rng(seed)
    groups = (1, 2, 3)[seed % 3]
    per_group = 1 if seed % 4 == 0 else 2
    count = groups * (1 + seed % 2)
    window = Window((2, 3), (1 + seed % 2, 2), (1, 1 + seed % 2), (0, 1, 2, 1))
    read = Tensor("x", groups * per_group, 5, 6, 1.0, int(generator.integers(-128, 128)))
    height, width = window.output_size(5, 6)
    written = Tensor("y", count, height, width, 1.0, 3)
    weights = generator.choice([-128, -1, 0, 1, 77, 127], (count, per_group, 2, 3)).astype(np.int8)
    tanh = table_of(TableFunction("Tanh"), Quantisation(1 / 127, 0), None, 1e-9).segments
    table = tanh if seed % 3 == 0 else None
    low, high = (-32768, 32767) if table else (-100, 120)
    operator = Conv2d(
        SOURCE, "x", "y", weights, generator.integers(-5000, 5000, count), window, groups,
        generator.integers(1, 1 << 16, count), generator.integers(14, 22, count), 0 if table else 3, low, high, table,
    )  # fmt: skip
    x = generator.choice([-128, -3, 0, 5, 127], (2, read.channels, 5, 6)).astype(np.int8)
    found = evaluate(graph_of(operator, read, written), {"x": x})["y"]
    for n, o, y, z in product(range(2), range(count), range(height), range(width)):
        first = o // (count // groups) * per_group
        total = int(operator.bias[o])
        for ky, kx, row, column in taps(window, y, z, read):
            for c in range(per_group):
                total += (int(x[n, first + c, row, column]) - read.zero_point) * int(weights[o, c, ky, kx])
        scaled = rounded(Fraction(total * int(operator.multiplier[o]), 1 << int(operator.shift[o])))
        value = clamp(scaled + operator.zero_point, low, high)
        if table is not None:
            segment, fraction = divmod(value + 32768, 1024)
            line = Fraction(table.slopes[segment] * fraction + table.offsets[segment], 1 << table.shift)
            value = clamp(rounded(line), -128, 127)
        assert found[n, o, y, z] == value


@pytest.mark.parametrize("seed", range(6))
def test_pools(seed: int) -> None:
    generator = np.random.default_rng(seed)
    window = Window((3, 2), (2, 1 + seed % 2), (1, 1 + seed % 2), (1, 0, 1, 1))
    read = Tensor("x", 2, 6, 5, 1.0, int(generator.integers(-128, 128)))
    height, width = window.output_size(6, 5)
    written = Tensor("y", 2, height, width, 1.0, read.zero_point)
    x = generator.integers(-128, 128, (2, 2, 6, 5)).astype(np.int8)
    best = MaxPool2d(SOURCE, "x", "y", window, -20, 90)
    mean = AveragePool2d(SOURCE, "x", "y", window, 43691, 18, -7, -110, 100)
    greatest = evaluate(graph_of(best, read, written), {"x": x})["y"]
    average = evaluate(graph_of(mean, read, written), {"x": x})["y"]
    for n, c, y, z in product(range(2), range(2), range(height), range(width)):
        inside = [int(x[n, c, row, column]) for _, _, row, column in taps(window, y, z, read)]
        assert greatest[n, c, y, z] == clamp(max(inside), -20, 90)
        total = sum(code - read.zero_point for code in inside)
        assert average[n, c, y, z] == clamp(rounded(Fraction(total * 43691, 1 << 18)) - 7, -110, 100)


def test_add_on_all_pairs_of_codes() -> None:
    a, b = (Tensor(name, 1, 256, 256, 1.0, zero) for name, zero in (("a", 5), ("b", -90)))
    y = Tensor("y", 1, 256, 256, 1.0, 11)
    operator = Add(SOURCE, "a", "b", "y", 70000, 12345, -(5 * 70000 - 90 * 12345), 17, 11, -128, 101)
    codes = np.arange(-128, 128, dtype=np.int8)
    inputs = {
        "a": np.broadcast_to(codes[:, None], (1, 1, 256, 256)),
        "b": np.broadcast_to(codes[None, :], (1, 1, 256, 256)),
    }
    graph = IntegerGraph("g", {t.name: t for t in (a, b, y)}, (operator,), ("a", "b"), ("y",))
    found = evaluate(graph, inputs)["y"][0, 0]
    for first, second in product(range(-128, 128, 3), range(-128, 128, 5)):
        exact = Fraction((first - 5) * 70000 + (second + 90) * 12345, 1 << 17)
        assert found[first + 128, second + 128] == clamp(rounded(exact) + 11, -128, 101)


def test_frames_do_not_touch_each_other() -> None:
    window = Window((3, 3), pads=(1, 1, 1, 1))
    read, written = Tensor("x", 2, 64, 64, 1.0, 0), Tensor("y", 2, 64, 64, 1.0, 0)
    generator = np.random.default_rng(0)
    weights = generator.integers(-128, 128, (2, 2, 3, 3)).astype(np.int8)
    ones = np.ones(2, dtype=np.int64)
    operator = Conv2d(SOURCE, "x", "y", weights, 0 * ones, window, 1, 40000 * ones, 24 * ones, 0, -128, 127)
    graph = graph_of(operator, read, written)
    x = generator.integers(-128, 128, (600, 2, 64, 64)).astype(np.int8)
    assert x.size > FRAME_ELEMENTS, "more than one part of the evaluation"
    together = evaluate(graph, {"x": x})["y"]
    for frame in (0, 1, 511, 512, 513, 599):
        np.testing.assert_array_equal(together[frame], evaluate(graph, {"x": x[frame : frame + 1]})["y"][0])


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((1, 1, 2, 3), dtype=np.float32), "signed integers"),
        (np.zeros((1, 2, 3), dtype=np.int8), "frames"),
        (np.full((1, 1, 2, 3), 128, dtype=np.int16), "128"),
    ],
)
def test_wrong_inputs_are_named(array: np.ndarray, words: str) -> None:
    tensor = Tensor("x", 1, 2, 3, 1.0, 0)
    graph = graph_of(MaxPool2d(SOURCE, "x", "y", Window((1, 1))), tensor, Tensor("y", 1, 2, 3, 1.0, 0))
    with pytest.raises(ValueError, match=words):
        evaluate(graph, {"x": array})
