"""ONNX's operator cases: those that once ended on the grid still do, and the list is the rule's."""

import warnings

import pytest

from tests.conformance.cases import LIST, all_cases, belongs, convnet_cases
from tests.conformance.outcome import Outcome, Place, outcome
from tests.conformance.report import WIDE, expected_places, too_wide


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """Every case's end (about ten seconds)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ONNX's evaluator divides by zero where a case wants it to
        return {case.name: outcome(case) for case in convnet_cases()}


def test_list_is_the_rule() -> None:
    assert LIST.read_text().split() == [name for name, case in all_cases().items() if belongs(case)]


def test_no_case_is_lost(outcomes: dict[str, Outcome]) -> None:
    """``python -m tests.conformance --update`` adds new ones to the snapshot."""
    expected = expected_places()
    assert set(expected) <= set(outcomes)
    lost = {name: outcomes[name] for name, place in expected.items() if outcomes[name].place != place}
    assert not lost


def test_none_is_wrong_and_none_crashes(outcomes: dict[str, Outcome]) -> None:
    faulty = {name: found for name, found in outcomes.items() if found.place in (Place.WRONG, Place.CRASHED)}
    assert not faulty


def test_bounds_are_narrow_but_for_known_reasons(outcomes: dict[str, Outcome]) -> None:
    """At most 0.1 % of the output's range, 0.5 % with nonlinear operators."""
    cases = all_cases()
    wide = {name for name, found in outcomes.items() if too_wide(cases[name], found)}
    assert wide == set(WIDE)


FIRST_MILESTONE = (
    *("Abs", "Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "Conv", "ConvInteger", "ConvTranspose"),
    *("DepthToSpace", "Div", "Dropout", "Elu", "Exp", "Expand", "Flatten", "Gather", "Gemm", "GlobalAveragePool"),
    *("GlobalMaxPool", "HardSigmoid", "HardSwish", "Identity", "LRN", "LeakyRelu", "LpPool", "MatMul", "MatMulInteger"),
    *("Max", "MaxPool", "Min", "Mul", "Neg", "PRelu", "Pad", "Pow", "QLinearConv", "QLinearMatMul", "QuantizeLinear"),
    *("ReduceMax", "ReduceMean", "ReduceSum", "Relu", "Reshape", "Resize", "Selu", "Sigmoid", "Slice", "Softmax"),
    *(
        "Softplus",
        "SpaceToDepth",
        "Split",
        "Sqrt",
        "Squeeze",
        "Sub",
        "Sum",
        "Tanh",
        "Transpose",
        "Unsqueeze",
        "Upsample",
    ),
)
"""Of the operators that convnets need, those that the package has cases of."""


@pytest.mark.parametrize("operator", FIRST_MILESTONE)
def test_operator_has_a_case_on_the_grid(operator: str, outcomes: dict[str, Outcome]) -> None:
    cases = all_cases()
    assert any(found.place is Place.GRID and operator in cases[name].operators for name, found in outcomes.items())


def test_most_are_on_the_grid(outcomes: dict[str, Outcome]) -> None:
    on_grid = [name for name, found in outcomes.items() if found.place is Place.GRID]
    assert len(on_grid) >= 0.6 * len(outcomes)
