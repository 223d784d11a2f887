"""Tables of linear segments: the stated error is the true one, and small."""

import numpy as np
import pytest

from tileloom.compiler.nonlinearity import NotFinite, good_error, range_of_bounded, table_of
from tileloom.compiler.real_graph import Quantisation
from tileloom.compiler.scales import quantisation_of_range
from tileloom.compiler.table_function import IDENTITY, TableFunction, evaluate, kinks

SILU = TableFunction("Mul", (1.0,), (IDENTITY, TableFunction("Sigmoid")))
SHIFTED = TableFunction("HardSwish").of(TableFunction("Affine", (2.0, 1.0)))

CASES = {
    "tanh": (TableFunction("Tanh"), (-1.0, 1.0), None, 0.56),
    "sigmoid": (TableFunction("Sigmoid"), (0.0, 1.0), None, 0.57),
    "leaky relu: two lines": (TableFunction("LeakyRelu", (0.1,)), (-0.5, 6.0), None, 0.501),
    "hard swish": (TableFunction("HardSwish"), (-0.375, 5.0), None, 0.52),
    "hard swish of a line": (SHIFTED, (-0.375, 5.0), None, 0.52),
    "hard sigmoid: three lines": (TableFunction("HardSigmoid", (0.2, 0.5)), (0.0, 1.0), None, 0.501),
    "product with its sigmoid": (SILU, (-0.28, 7.0), None, 0.56),
    "elu": (TableFunction("Elu", (1.0,)), (-1.0, 3.0), None, 0.57),
    "gelu": (TableFunction("Gelu"), (-0.17, 3.0), None, 0.56),
    "square": (TableFunction("Pow", (2.0,)), (0.0, 9.0), None, 0.54),
    "exponential": (TableFunction("Exp"), (0.0, 1.0), None, 0.67),
    "square root near 0": (TableFunction("Sqrt"), (0.0, 2.0), (0.0, 4.0), 4.5),
    "reciprocal on one side": (TableFunction("Reciprocal"), (0.0, 1.0), (1.0, 10.0), 1.0),
    "absolute": (TableFunction("Abs"), (0.0, 3.0), None, 0.501),
}


@pytest.mark.parametrize("name", CASES)
def test_the_error_of_every_code_is_at_most_the_stated_one(name: str) -> None:
    function, limits, seen, allowed = CASES[name]
    output = quantisation_of_range(*limits)
    table = table_of(function, output, seen, 1e-9)
    assert len(table.segments.slopes) == 64
    x = (np.arange(table.low, table.high + 1, dtype=np.float64) - table.zero_point) * table.scale
    exact = evaluate(function, x) / output.scale + output.zero_point
    worst = 0.0
    for code, wanted in zip(range(table.low, table.high + 1), exact.tolist(), strict=True):
        found = int(table.segments.evaluate(code, -128, 127))  # one by one, on the integers of the machine
        worst = max(worst, abs(found - min(max(wanted, -128.0), 127.0)))
    assert worst == pytest.approx(table.error, abs=1e-9)
    assert table.error <= allowed


@pytest.mark.parametrize("name", CASES)
def test_beyond_the_range_the_output_moves_by_less_than_half_a_code(name: str) -> None:
    function, limits, seen, _ = CASES[name]
    output = quantisation_of_range(*limits)
    low, high = table_of(function, output, seen, 1e-9).range
    for end, far in ((low, -500.0), (high, 500.0)):
        beyond = np.linspace(end, far if seen is None else np.clip(far, *seen), 5001)
        codes = np.clip(evaluate(function, beyond) / output.scale + output.zero_point, -128, 127)
        assert np.abs(codes - codes[0]).max() < 0.5


@pytest.mark.parametrize("segments", [8, 16, 32, 64, 128, 256])
def test_more_segments_are_better(segments: int) -> None:
    table = table_of(TableFunction("Tanh"), quantisation_of_range(-1.0, 1.0), None, 1e-9, segments)
    span = (table.range[1] - table.range[0]) / segments * 1.02
    curvature = 0.77 * 127.5  # of tanh at its steepest, in output codes
    assert table.error <= 0.5 + span * span / 16 * curvature + 0.01, "a line is off by h^2/16 f'' at most"


def test_outputs_of_16_bits_are_a_thousandth_off_at_most() -> None:
    output = Quantisation(8.0 / 65535, -32768, -32768, 32767)
    for function in (TableFunction("Sigmoid"), TableFunction("Tanh"), SILU, TableFunction("Elu", (1.0,))):
        assert good_error(function, output) <= 65.535
        assert table_of(function, output, None, 1e-9).error < good_error(function, output)


def test_a_number_without_a_value_is_refused() -> None:
    output = quantisation_of_range(-4.0, 4.0)
    for function, seen in (
        (TableFunction("Log"), (-1.0, 2.0)),
        (TableFunction("Reciprocal"), (-1.0, 3.0)),
        (TableFunction("Sqrt"), (-1e-3, 2.0)),
        (TableFunction("FractionalPow", (-0.5,)).of(TableFunction("Affine", (1.0, -2.0))), (1.0, 4.0)),
    ):
        with pytest.raises(NotFinite, match="between"):
            table_of(function, output, seen, 1e-9)


def test_coarse_inputs_bound_the_scale() -> None:
    table = table_of(TableFunction("Tanh"), quantisation_of_range(-1.0, 1.0), None, 1e-3)
    assert table.scale >= 1e-3


def test_kinks_are_seen_through_lines_and_bounds_only_of_bounded_functions() -> None:
    assert kinks(SHIFTED) == (-2.0, 1.0)
    assert range_of_bounded(TableFunction("Tanh")) == (-1.0, 1.0)
    assert range_of_bounded(TableFunction("HardSigmoid", (0.2, 0.5))) == (0.0, 1.0)
    assert range_of_bounded(SILU) is None
    assert range_of_bounded(TableFunction("Reciprocal")) is None


def test_the_sign_of_a_map_is_exact_also_of_0() -> None:
    x = np.arange(-128, 128, dtype=np.int64)
    for step, zero_point in ((0.01, 0), (0.3, -128), (2.0, 17)):
        table = table_of(TableFunction("Sign"), Quantisation(1.0, 0), None, step / 32768)
        codes = np.clip(np.rint((x - zero_point) * step / table.scale) + table.zero_point, table.low, table.high)
        found = table.segments.evaluate(codes.astype(np.int64), -128, 127)
        assert np.array_equal(found, np.sign(x - zero_point))
