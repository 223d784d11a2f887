"""ONNX's operator cases: those that once ended on the grid still do, and the list is the rule's."""

import warnings

import pytest

from tests.conformance.cases import LIST, all_cases, belongs, convnet_cases
from tests.conformance.outcome import Outcome, Place, outcome
from tests.conformance.report import expected_places


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


def test_most_are_on_the_grid(outcomes: dict[str, Outcome]) -> None:
    on_grid = [name for name, found in outcomes.items() if found.place is Place.GRID]
    assert len(on_grid) >= 0.6 * len(outcomes)
