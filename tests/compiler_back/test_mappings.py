"""Every mapping that the search offers is right, not only the one that it likes best."""

import random
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest

from tests.compiler_back.random_layers import KINDS, random_layer
from tests.complete_targets import COMPLETE
from tileloom.compiler.backend import compile as back_end
from tileloom.compiler.backend import search
from tileloom.compiler.backend.mapping import Mapping
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.registers import Error
from tileloom.sim.functional.run import run

SEEDS = 1
MIXED = 200
"""Mappings of a layer from which one is drawn."""


def check(seed: int, kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer under a mapping drawn at random; logs start with rubbish, queues are as deep as the machine's."""
    target = load_target(name)
    choice = random.Random(seed)
    offered = search.mappings

    def shuffled(*arguments: Any) -> Iterator[Mapping]:
        # The first that the search offers in random order, then all as offered.
        mixed = list(islice(offered(*arguments), MIXED))
        choice.shuffle(mixed)
        yield from mixed
        yield from offered(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(back_end, "mappings", shuffled)
        patch.setattr(search, "TRIES", 200)
        maker, graph = random_layer(seed, kind, target)
        data = maker.data(1)
        program = back_end.compile_graph(graph, target)
    expected, result = evaluate(graph, data), run(program, data, bounded=True, fill=77)
    assert result.error is Error.NONE
    for output in graph.outputs:
        np.testing.assert_array_equal(
            result.outputs[output], expected[output], f"{kind} seed {seed} on {name}: {program.jobs[0].mapping}"
        )


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("kind", KINDS)
def test_random_mapping_equals_reference(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(1000, 1000 + SEEDS):
        check(seed, kind, name, monkeypatch)


@pytest.mark.full
@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("kind", KINDS)
def test_many_random_mappings_equal_reference(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(1000 + SEEDS, 1030):
        check(seed, kind, name, monkeypatch)
