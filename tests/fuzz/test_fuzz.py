"""A few mutants of every kind; ``make fuzz`` runs very many. Seeds are the numbers that the trial names."""

import random
import warnings
from collections import Counter
from pathlib import Path

import pytest

from tests.fuzz.models import models
from tests.fuzz.mutants import mutant
from tests.fuzz.trials import TRIALS

FEW = {"check": 600, "compile": 60, "program": 80, "rtl": 40}
MANY = {"check": 20_000, "compile": 2_000, "program": 2_000, "rtl": 1_000}
ENDS = {"check": 5, "compile": 3, "program": 3, "rtl": 3}
"""Different ways in which mutants of a kind must have ended, so that they reach further than one door."""


def ends(kind: str, first: int, count: int, folder: Path) -> Counter[str]:
    """How mutants ended; an untyped exception, a hang or too much memory is raised, with its seed."""
    found: Counter[str] = Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, on numbers out of range: a refusal says them better
        for seed in range(first, first + count):
            try:
                found[TRIALS[kind](seed, folder)] += 1
            except BaseException as error:
                error.add_note(f"{kind} seed {seed}")
                raise
    return found


@pytest.mark.parametrize("kind", TRIALS)
def test_few(kind: str, tmp_path: Path) -> None:
    assert len(ends(kind, 0, FEW[kind], tmp_path)) >= ENDS[kind]


@pytest.mark.full
@pytest.mark.parametrize("kind", TRIALS)
def test_many(kind: str, tmp_path: Path) -> None:
    assert len(ends(kind, 1_000_000, MANY[kind], tmp_path)) >= ENDS[kind]


def test_mutants_differ_from_their_model() -> None:
    data = models()["classifier"]
    found = {mutant(data, random.Random(seed)) for seed in range(50)}
    assert len(found) == 50
    assert data not in found
