"""Random layers reach every range that the sweep promises, on every target, and extremes keep to theirs."""

import numpy as np
import pytest

from tests.equality.layer_cases import LARGE, MOST_CYCLES
from tests.equality.random_graph import KINDS, cycles_at_least, random_graph
from tests.equality.sweep import TARGETS
from tileloom.compiler.graph import Conv2d, IntegerGraph, Window
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.quant import SHIFT_MAXIMUM


def windows(graph: IntegerGraph) -> list[Window]:
    """Those of convolutions and pools."""
    return [operator.window for operator in graph.operators if hasattr(operator, "window")]


@pytest.mark.parametrize("target", TARGETS)
def test_ranges_are_reached(target: str) -> None:
    machine = load_target(target)
    drawn = [random_graph(seed, machine, MOST_CYCLES) for seed in range(500)]
    assert {one.kind for one in drawn} == set(KINDS)
    found = [window for one in drawn for window in windows(one.graph)]
    for axis in (0, 1):
        assert {window.kernel[axis] for window in found} >= set(range(1, 12))
        assert {window.stride[axis] for window in found} >= {1, 2, 3, 4}
        assert {window.dilation[axis] for window in found} == {1, 2, 3}
    assert any(len(set(window.pads)) == 4 for window in found)
    read = [one.graph.tensors[name] for one in drawn for name in one.graph.inputs]
    assert max(tensor.channels for tensor in read) >= 66
    assert max(tensor.height for tensor in read) >= 37
    assert max(tensor.width for tensor in read) >= 37
    assert min(tensor.channels for tensor in read) == 1
    assert min(tensor.height for tensor in read) == 1
    assert {len(one.graph.operators) for one in drawn} >= {1, 2, 3}


def test_frames_are_bounded() -> None:
    target = load_target("small")
    for seed in range(60):
        assert cycles_at_least(random_graph(seed, target, MOST_CYCLES).graph, target) <= MOST_CYCLES * LARGE


def test_one_seed_gives_one_layer() -> None:
    target = load_target("odd")
    one, other = (random_graph(11, target, MOST_CYCLES) for _ in range(2))
    for a, b in zip(one.graph.operators, other.graph.operators, strict=True):
        assert type(a) is type(b)
        if isinstance(a, Conv2d) and isinstance(b, Conv2d):
            np.testing.assert_array_equal(a.weights, b.weights)
            np.testing.assert_array_equal(a.bias, b.bias)


@pytest.mark.parametrize("name", ["default", "small16"])
def test_extremes_keep_their_ranges(name: str) -> None:
    """Sums of 32 (48) bits at most, and biases near that; multipliers of 18 bits; shifts up to the largest."""
    shifts: set[int] = set()
    greatest, target = 0, load_target(name)
    limit = 1 << (target.accumulator_bits - 1)
    for seed in range(200):
        for operator in random_graph(seed, target, MOST_CYCLES).graph.operators:
            if isinstance(operator, Conv2d):
                sums = (1 << target.activation_bits) * np.abs(operator.weights.astype(np.int64)).reshape(
                    len(operator.bias), -1
                ).sum(axis=1)
                assert int((np.abs(operator.bias) + sums).max()) < limit
                assert int(np.abs(operator.multiplier).max()) < 1 << 17
                greatest = max(greatest, int(np.abs(operator.bias).max()))
                shifts |= {int(shift) for shift in operator.shift}
    assert greatest > 0.99 * limit
    assert {0, 1, SHIFT_MAXIMUM} <= shifts
