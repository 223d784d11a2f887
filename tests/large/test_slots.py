"""The count of stored slots is compared modulo 2**16: networks with many more slots still wait for the right ones."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.compiler_back.graphs import GraphMaker
from tileloom.compiler.backend.capacity import MOST_BETWEEN
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.backend.work import Heads
from tileloom.compiler.graph import Window
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.registers import Error
from tileloom.sim.functional.run import run


def test_waits_are_seen_whatever_was_stored() -> None:
    """A chunk is asked for when what the chunk before waited for is stored, and before the slots of its own round."""
    random = np.random.default_rng(0)
    heads = Heads.at_start(1)
    stored, waits = [], []
    for step in random.choice([1, 50, 5000, MOST_BETWEEN], 2000):
        heads.stored += int(step)
        needed = int(random.integers(0, heads.stored + 1)) if random.random() < 0.5 else 0
        stored.append(heads.stored)
        waits.append(heads.wait_for(needed))
        assert needed <= waits[-1] <= heads.stored
    assert waits[-1] > 1 << 20
    for before, (wait, greatest) in zip(waits, pairwise_with(waits, stored), strict=False):
        for shown in (before, wait - 1, wait, greatest):
            if shown >= before:
                assert ((shown - wait) % (1 << 16) < 1 << 15) == (shown >= wait)


def pairwise_with(waits: list[int], stored: list[int]) -> list[tuple[int, int]]:
    """The wait and the slots stored at most of every chunk but the first."""
    return [(wait, most) for (_, wait), (_, most) in zip(pairwise(waits), pairwise(stored), strict=True)]


@pytest.mark.full
def test_a_network_of_many_slots_is_exact() -> None:
    target = replace(load_target("default"), slot_bytes=64)
    maker = GraphMaker(3, target.segments)
    source = maker.input(16, 210, 210)
    one = maker.conv(source, 16, Window((3, 3), pads=(1, 1, 1, 1)))
    other = maker.conv(source, 16, Window((1, 1)))
    two = maker.conv(one, 32, Window((1, 1)))
    three = maker.conv(other, 32, Window((3, 3), pads=(1, 1, 1, 1)))
    graph = maker.graph(maker.add(two, three))
    program = compile_graph(graph, target)
    stores = [instruction for instruction in program.instructions if isinstance(instruction, isa.Store)]
    assert sum(store.outer * store.inner * store.parts * store.subparts for store in stores) > 1 << 16
    data = maker.data(1)
    result = run(program, data, bounded=True, fill=77)
    assert result.error is Error.NONE
    for output in graph.outputs:
        np.testing.assert_array_equal(result.outputs[output], evaluate(graph, data)[output])
