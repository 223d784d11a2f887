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

FUNCTIONS = {
    "HardSwish": TableFunction("HardSwish"),
    "Silu": TableFunction("Silu", (1.0,)),
    "Gelu": TableFunction("Gelu"),
}
"""They come back to zero on the left."""


def graph_of(
    function: TableFunction, seen: tuple[float, float], bits: int, step: float, known: bool = True
) -> RealGraph:
    """One convolution that copies a map of ``bits`` bits and this step, the compiler knowing ``seen`` or not."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    values = evaluate(function, np.linspace(*seen, 4097))
    least, greatest = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = (greatest - least) / (high - low)
    maps = {
        "x": Map("x", "x", 2, 3, 3, (2, 3, 3), quantisation=Quantisation(step, 0, low, high)),
        "y": Map("y", "y", 2, 3, 3, (2, 3, 3), quantisation=Quantisation(scale, round(low - least / scale), low, high)),
    }
    told = seen if known else None
    weights = np.reshape([1.0, 1.0 if known else 0.5], (2, 1, 1, 1))
    copy = Convolution(
        SOURCE, "x", "y", weights, np.zeros(2), Window((1, 1)), 2, function=function, applied_to="x", seen=told
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


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("name", ["HardSwish", "Silu", "Gelu"])
@pytest.mark.parametrize("reach", [0.01, 0.02, 0.3])
def test_parts_far_beyond_the_output_stay_on_its_grid(name: str, bits: int, reach: float) -> None:
    """Where the output is small, the function leaves its grid between two cuts and comes back, down to -3 or -0.17."""
    function = FUNCTIONS[name]
    graph = graph_of(function, (-reach, reach), bits, reach / (1 << (bits - 1)), known=False)
    split = split_functions(graph)
    values: dict[str, np.ndarray] = {}
    x = np.linspace(-reach, reach, 2001)
    for operator in split.operators:
        grid = _grid(split, operator.output)
        if isinstance(operator, Convolution):
            assert operator.function is not None
            exact = evaluate(operator.function, x)
        else:
            assert isinstance(operator, Addition)
            exact = values[operator.a] + values[operator.b]
        codes = np.clip(np.rint(exact / grid.scale) + grid.zero_point, grid.low, grid.high)
        values[operator.output] = (codes - grid.zero_point) * grid.scale
    error = np.abs(values["y"] - evaluate(function, x)).max() / _grid(graph, "y").scale
    assert error <= len(split.operators) / 2 + 0.5


def test_an_error_below_the_roundings_of_parts_is_not_worth_a_cut() -> None:
    graph = graph_of(FUNCTIONS["HardSwish"], (-0.0135, 0.0145), 8, 1e-4, known=False)
    grid = _grid(graph, "y")
    assert good_error(FUNCTIONS["HardSwish"], grid) < table_of(FUNCTIONS["HardSwish"], grid, None, 1e-30).error < 1.5
    assert split_functions(graph).operators == graph.operators
