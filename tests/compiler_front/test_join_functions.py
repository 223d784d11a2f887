"""Functions written as several operators become one table, the one of the convolution before them."""

import numpy as np
import onnx
import pytest

from tileloom.compiler.frontend import simplify, take_model
from tileloom.compiler.operator_example import Array, Example, numbers, step
from tileloom.compiler.real_graph import Convolution
from tileloom.compiler.table_function import evaluate


def number(value: float) -> Array:
    return np.asarray(value, dtype=np.float32)


CONSTANTS = {"half": number(0.5), "one": number(1.0), "three": number(3.0), "six": number(6.0), "tenth": number(0.1)}
WRITTEN = {
    "silu": (step("Sigmoid", "c", "s"), step("Mul", "c s", "y")),
    "hard swish": (
        step("Add", "c three", "a"),
        step("Clip", "a zero six", "k"),
        step("Mul", "c k", "m"),
        step("Div", "m six", "y"),
    ),
    "mish": (step("Softplus", "c", "p"), step("Tanh", "p", "t"), step("Mul", "t c", "y")),
    "gelu": (
        step("Div", "c root", "d"),
        step("Erf", "d", "e"),
        step("Add", "e one", "a"),
        step("Mul", "c a", "m"),
        step("Mul", "m half", "y"),
    ),
    "leaky relu": (step("Mul", "c tenth", "t"), step("Max", "c t", "y")),
    "softsign": (step("Abs", "c", "b"), step("Add", "b one", "p"), step("Div", "c p", "y")),
}
MEANINGS = {
    "silu": lambda x: x / (1 + np.exp(-x)),
    "hard swish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "gelu": lambda x: np.interp(x, [-1.0, 0.0, 2.0], [-0.15865525, 0.0, 1.9544997]),
    "leaky relu": lambda x: np.maximum(x, 0.1 * x),
    "softsign": lambda x: x / (1 + abs(x)),
}
POINTS = np.asarray([-1.0, 0.0, 2.0])


def model(nodes: tuple[onnx.NodeProto, ...]) -> onnx.ModelProto:
    constants = {**CONSTANTS, "zero": number(0.0), "root": number(2**0.5), "w": numbers(4, 3, 3, 3)}
    return Example("joined", (step("Conv", "x w", "c"), *nodes), (1, 3, 6, 6), constants).model()


@pytest.mark.parametrize("name", WRITTEN)
def test_one_convolution_with_a_table_is_left(name: str) -> None:
    graph = simplify(take_model(model(WRITTEN[name])))
    (operator,) = graph.operators
    assert isinstance(operator, Convolution) and operator.function is not None
    assert evaluate(operator.function, POINTS) == pytest.approx(MEANINGS[name](POINTS), abs=1e-6)


def test_a_map_that_others_read_stays() -> None:
    nodes = (step("Sigmoid", "c", "s"), step("Mul", "c s", "m"), step("Concat", "m s", "y", axis=1))
    graph = simplify(take_model(model(nodes)))
    functions = [operator.function for operator in graph.operators if isinstance(operator, Convolution)]
    assert sorted(str(function) for function in functions) == ["Mul of Identity, Sigmoid", "None", "Sigmoid"]


def test_limits_and_factors_alone_need_no_table() -> None:
    graph = simplify(take_model(model((step("Mul", "c half", "m"), step("Relu", "m", "y")))))
    (operator,) = graph.operators
    assert isinstance(operator, Convolution) and operator.function is None and operator.low == 0.0
