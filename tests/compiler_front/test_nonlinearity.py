"""Tables of linear segments: the stated error is the true one, and small."""

import numpy as np
import pytest

from tileloom.compiler.nonlinearity import NONLINEARITIES, fit

STEPS = (1 / 127, 1 / 128, 0.011, 2 / 255)


@pytest.mark.parametrize("name", NONLINEARITIES)
@pytest.mark.parametrize("zero_point", [-128, -40, 0, 7])
@pytest.mark.parametrize("step", STEPS)
def test_the_error_of_every_code_is_at_most_the_stated_one(name: str, zero_point: int, step: float) -> None:
    nonlinearity = NONLINEARITIES[name]
    scale = nonlinearity.saturation / 32768
    table, error = fit(nonlinearity.function, scale, step, zero_point)
    assert len(table.slopes) == 64
    worst = 0.0
    for code in range(-32768, 32768):  # one by one, on the integers of the machine, not on arrays
        exact = float(nonlinearity.function(np.asarray(code * scale))) / step + zero_point
        found = int(table.evaluate(code, -128, 127))
        worst = max(worst, abs(found - min(max(exact, -128.0), 127.0)))
    assert worst == pytest.approx(error, abs=1e-9)
    assert error <= 0.65, "rounding makes 0.5; the segments may add 0.15"


@pytest.mark.parametrize("name", NONLINEARITIES)
def test_beyond_saturation_the_function_is_constant_to_half_a_code(name: str) -> None:
    nonlinearity = NONLINEARITIES[name]
    edges = np.asarray([-nonlinearity.saturation, nonlinearity.saturation])
    far = np.asarray([-1e3, 1e3])
    codes = np.abs(nonlinearity.function(edges) - nonlinearity.function(far)) / nonlinearity.output.scale
    assert codes.max() < 0.5


@pytest.mark.parametrize("segments", [8, 16, 32, 64, 128, 256])
def test_more_segments_are_better(segments: int) -> None:
    tanh = NONLINEARITIES["Tanh"]
    _, error = fit(tanh.function, 4 / 32768, 1 / 127, 0, segments)
    span = 8 / segments
    curvature = 0.77 * 127  # of tanh at its steepest, in output codes
    assert error <= 0.5 + span * span / 16 * curvature + 0.01, "a line between two points is off by h^2/16 f'' at most"
