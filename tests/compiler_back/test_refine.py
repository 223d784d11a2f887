"""Deeper search: never slower, the same again and again, still exact, and kept apart from what it does not change."""

import numpy as np

from tests.compiler_back.graphs import GraphMaker
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.backend.mapping import Arrangement, Mapping, Order
from tileloom.compiler.backend.refine import Offers
from tileloom.compiler.graph import IntegerGraph, Window
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import load_target
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.functional.run import run

SAME = Window((3, 3), pads=(1, 1, 1, 1))


def network() -> tuple[GraphMaker, IntegerGraph]:
    maker = GraphMaker(3)
    here = maker.conv(maker.input(3, 16, 16), 16, SAME)
    here = maker.conv(maker.conv(here, 16, SAME, groups=16), 24, Window((1, 1)))
    return maker, maker.graph(maker.max_pool(here, Window((2, 2), (2, 2))))


def test_effort_saves_cycles_and_keeps_every_number() -> None:
    target = load_target("default")
    maker, graph = network()
    plain, refined = compile_graph(graph, target), compile_graph(graph, target, effort=6)
    assert simulate(refined).frames[0].cycles < simulate(plain).frames[0].cycles
    data = maker.data(1)
    expected, result = evaluate(graph, data), run(refined, data, bounded=True, fill=77)
    for output in graph.outputs:
        np.testing.assert_array_equal(result.outputs[output], expected[output])
    assert compile_graph(graph, target, effort=6).to_bytes() == refined.to_bytes()


def test_offers_search_once_and_begin_with_the_choice() -> None:
    searched = []
    mappings = [Mapping(Arrangement.LOG, Order.RESIDENT, 1, 1, rows, 1, 1) for rows in (1, 2, 3)]
    offers = Offers()

    def search():  # type: ignore[no-untyped-def]
        searched.append(1)
        yield from mappings

    assert list(offers.of("a", 1, search)) == [mappings[0], *mappings]
    offers.choices = {"a": 2}
    assert next(offers.of("a", 1, search)) == mappings[2]
    offers.choices = {"a": 7}
    assert list(offers.of("a", 1, search)) == mappings
    assert len(searched) == 1
