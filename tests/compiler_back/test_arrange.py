"""What is made by addresses alone: which graphs need no copy, and which copies the others need."""

from collections import Counter

import numpy as np
import pytest

from tests.compiler_back.graphs import GraphMaker
from tileloom.compiler.backend.arrange import arrange
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.backend.selections import pieces_of
from tileloom.compiler.graph import IntegerGraph, Window
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import Target, load_target
from tileloom.hw.spec.program import Program
from tileloom.sim.functional.run import run

SAME = Window((3, 3), pads=(1, 1, 1, 1))
TARGET = load_target("default")


class Mover(GraphMaker):
    """Makes graphs of selections."""

    def select(self, *channels: tuple[str, int]) -> str:
        first = self.tensors[channels[0][0]]
        shape = (len(channels), first.height, first.width)
        return self.assemble(pieces_of(channels, first.height * first.width), shape)

    def all_of(self, *names: str) -> list[tuple[str, int]]:
        return [(name, channel) for name in names for channel in range(self.tensors[name].channels)]


def compiled(maker: GraphMaker, graph: IntegerGraph, target: Target = TARGET) -> Program:
    """The program, after a comparison of every tensor with the reference."""
    data = maker.data(1)
    expected = evaluate(graph, data)
    result = run(compile_graph(graph, target, taps=True), data, taps=True, bounded=True, fill=77)
    made = {operator.output for operator in graph.operators}
    assert made & {*result.taps, *result.outputs}
    for name, codes in {**result.taps, **result.outputs}.items():
        np.testing.assert_array_equal(codes, expected[name], name)
    return compile_graph(graph, target)


def kinds(program: Program) -> Counter[str]:
    return Counter(job.op for job in program.jobs)


@pytest.mark.parametrize("channels", [(16, 32), (24, 40, 3), (1, 1, 1)])
def test_concatenated_convolutions_are_not_copied(channels: tuple[int, ...]) -> None:
    maker = Mover(1)
    source = maker.input(8, 6, 5)
    joined = maker.select(*maker.all_of(*(maker.conv(source, count, SAME) for count in channels)))
    program = compiled(maker, maker.graph(maker.conv(joined, 10, SAME)))
    assert kinds(program) == {"Conv": len(channels) + 1}


def test_each_layer_reads_all_before_it_without_a_copy() -> None:
    maker = Mover(2)
    here = maker.conv(maker.input(8, 5, 5), 20, SAME)
    for _ in range(4):
        here = maker.select(*maker.all_of(here, maker.conv(here, 12, SAME)))
    program = compiled(maker, maker.graph(maker.conv(here, 8, Window((1, 1)))))
    assert kinds(program) == {"Conv": 6}


def test_holes_pass_through_layers_that_go_channel_by_channel() -> None:
    maker = Mover(3)
    source = maker.input(8, 6, 6)
    joined = maker.select(*maker.all_of(maker.conv(source, 5, SAME), maker.conv(source, 7, SAME)))
    pooled = maker.max_pool(maker.conv(joined, 12, SAME, groups=12), Window((2, 2)))
    added = maker.add(pooled, maker.average_pool(joined, Window((2, 2))))
    program = compiled(maker, maker.graph(maker.conv(added, 9, SAME)))
    assert "Assemble" not in " ".join(kinds(program))


def test_slices_and_shuffles_are_addresses() -> None:
    maker = Mover(4)
    wide = maker.conv(maker.input(8, 4, 6), 48, SAME)
    shuffled = maker.select(*((wide, channel % 4 * 12 + channel // 4) for channel in range(48)))
    upper = maker.select(*maker.all_of(shuffled)[24:])
    grouped = maker.conv(maker.conv(upper, 24, SAME, groups=24), 24, Window((1, 1)), groups=3)
    program = compiled(maker, maker.graph(grouped))
    assert kinds(program) == {"Conv": 3}


def test_of_a_concatenation_only_the_network_input_is_copied() -> None:
    maker = Mover(5)
    source = maker.input(3, 7, 4)
    joined = maker.select(*maker.all_of(source, maker.conv(source, 16, SAME)))
    graph = maker.graph(maker.conv(joined, 8, SAME))
    assert [o.output for o in arrange(graph, TARGET).graph.operators if o.source.op == "Copy"] == [
        f"{source} in {joined} (place)"
    ]
    program = compiled(maker, graph)
    assert kinds(program) == {"Conv": 2, "Copy": 1}
    assert [job.mapping for job in program.jobs if job.op == "Copy"] == ["84 elements copied in 1 loop nest"]


def test_a_channel_used_twice_is_copied() -> None:
    maker = Mover(6)
    made = maker.conv(maker.input(8, 4, 4), 6, SAME)
    program = compiled(maker, maker.graph(maker.conv(maker.select(*maker.all_of(made, made)), 8, SAME)))
    assert kinds(program) == {"Conv": 2, "Assemble": 1}


def test_outputs_of_the_network_lie_one_channel_behind_another() -> None:
    maker = Mover(7)
    source = maker.input(8, 4, 4)
    even = maker.select(*maker.all_of(maker.conv(source, 16, SAME), maker.conv(source, 16, SAME)))
    holes = maker.select(*maker.all_of(maker.conv(source, 5, SAME), maker.conv(source, 5, SAME)))
    program = compiled(maker, maker.graph(even, holes))
    assert kinds(program) == {"Conv": 4, "Assemble": 1}
    assert all(not tensor.slots for tensor in program.outputs)


def test_two_orders_of_one_sum_cost_one_copy() -> None:
    maker = Mover(8)
    made = maker.conv(maker.input(8, 4, 4), 16, SAME)
    turned = maker.select(*reversed(maker.all_of(made)))
    program = compiled(maker, maker.graph(maker.conv(maker.add(made, turned), 8, SAME)))
    assert kinds(program) == {"Conv": 2, "Assemble": 1, "Add": 1}
