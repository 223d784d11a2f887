"""Functions with poor tables become sums of parts that equal them; the parts' tables are good."""

import numpy as np
import pytest

from tileloom.compiler.graph import Source, Window
from tileloom.compiler.nonlinearity import good_error, table_of
from tileloom.compiler.passes.split_functions import PARTS, split_functions
from tileloom.compiler.real_graph import Addition, Convolution, Map, Quantisation, RealGraph
from tileloom.compiler.table_function import TableFunction, evaluate

SOURCE = Source("n", "op")
CASES = {
    "square root from 0": (TableFunction("Sqrt"), (0.0, 4.0)),
    "reciprocal from 1": (TableFunction("Reciprocal"), (1.0, 80.0)),
    "logarithm": (TableFunction("Log"), (0.01, 5.0)),
    "root of the absolute value": (TableFunction("Sqrt").of(TableFunction("Abs")), (-3.0, 4.0)),
    "inverse root": (TableFunction("FractionalPow", (-0.5,)), (0.1, 9.0)),
}


def graph_of(function: TableFunction, seen: tuple[float, float], bits: int, step: float) -> RealGraph:
    """One convolution that copies a map of ``bits`` bits and this step."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    values = evaluate(function, np.linspace(*seen, 4097))
    least, greatest = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = (greatest - least) / (high - low)
    maps = {
        "x": Map("x", "x", 2, 3, 3, (2, 3, 3), quantisation=Quantisation(step, 0, low, high)),
        "y": Map("y", "y", 2, 3, 3, (2, 3, 3), quantisation=Quantisation(scale, round(low - least / scale), low, high)),
    }
    ones = np.ones((2, 1, 1, 1))
    copy = Convolution(
        SOURCE, "x", "y", ones, np.zeros(2), Window((1, 1)), 2, function=function, applied_to="x", seen=seen
    )
    return RealGraph("g", maps, (copy,), ("x",), ("y",))


@pytest.mark.parametrize("name", CASES)
def test_the_parts_add_up_and_have_better_tables(name: str) -> None:
    function, seen = CASES[name]
    graph = graph_of(function, seen, 16, 1e-6)
    whole = table_of(function, _grid(graph, "y"), seen, 1e-30)
    assert whole.error > good_error(function, _grid(graph, "y"))
    split = split_functions(graph)
    values: dict[str, np.ndarray] = {}
    x = np.linspace(*seen, 5001)
    worst = 0.0
    for operator in split.operators:
        grid = _grid(split, operator.output)
        if isinstance(operator, Convolution):
            assert operator.function is not None
            values[operator.output] = evaluate(operator.function, x)
            worst = max(worst, table_of(operator.function, grid, seen, 1e-30).error * grid.scale)
        else:
            assert isinstance(operator, Addition)
            values[operator.output] = values[operator.a] + values[operator.b]
        least, greatest = ((code - grid.zero_point) * grid.scale for code in (grid.low, grid.high))
        assert least - grid.scale < values[operator.output].min()
        assert values[operator.output].max() < greatest + grid.scale
    assert 3 <= len(split.operators) <= 2 * PARTS - 1
    assert np.abs(values["y"] - evaluate(function, x)).max() < 1e-12 * np.abs(values["y"]).max() + 1e-15
    assert worst < whole.error * _grid(graph, "y").scale / 4


def _grid(graph: RealGraph, name: str) -> Quantisation:
    grid = graph.maps[name].quantisation
    assert grid is not None
    return grid


def test_a_coarse_input_is_not_worth_a_cut() -> None:
    function, seen = CASES["square root from 0"]
    assert len(split_functions(graph_of(function, seen, 8, 4.0 / 127)).operators) == 1
    assert len(split_functions(graph_of(function, seen, 8, 4.0 / 32767)).operators) > 1


def test_good_tables_stay_whole() -> None:
    graph = graph_of(TableFunction("Tanh"), (-3.0, 3.0), 8, 1e-4)
    assert split_functions(graph).operators == graph.operators
