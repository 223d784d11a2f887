"""Assembles of every form, compiled and run on the functional engine, against the integer reference."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.compiler_back.graphs import GraphMaker
from tests.compiler_back.random_assembles import FORMS, drawn, pieces_of
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.graph import Piece
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import Target, load_target, presets
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import Error
from tileloom.sim.functional.run import run


def check(seed: int, form: str, target: Target) -> Program:
    """One Assemble, every output code equal; logs start with rubbish, queues are as deep as the machine's."""
    random = np.random.default_rng((seed, FORMS.index(form)))
    maker = GraphMaker(seed, target.segments)
    maps, made, wanted = drawn(form, random)
    names = [maker.input(*shape) for shape in maps]
    pieces = pieces_of(wanted, names, random) or (Piece(names[0], (1, 1, 1), 0, (0, 0, 0), 0, (0, 0, 0)),)
    graph, data = maker.graph(maker.assemble(pieces, made, int(random.integers(-128, 128)))), maker.data(1)
    program = compile_graph(graph, target)
    result = run(program, data, bounded=True, fill=77)
    assert result.error is Error.NONE
    for output in graph.outputs:
        np.testing.assert_array_equal(
            result.outputs[output], evaluate(graph, data)[output], f"{form} seed {seed} on {target.name}"
        )
    return program


@pytest.mark.parametrize("name", ["default", "small", "odd"])
@pytest.mark.parametrize("form", FORMS)
def test_assemble_equals_reference(form: str, name: str) -> None:
    check(0, form, load_target(name))


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in presets() if load_target(name).address_bits == 32])
@pytest.mark.parametrize("form", FORMS)
def test_many_assembles_equal_reference(form: str, name: str) -> None:
    for seed in range(1, 40):
        check(seed, form, load_target(name))


def test_a_copy_says_how_much_it_copies() -> None:
    (job,) = check(1, "pad", load_target("default")).jobs
    assert re.fullmatch(
        r"\d+ elements copied in \d+ loop nests?, \d+ elements filled with -?\d+ in \d+ loop nests?", job.mapping
    )


def test_copies_need_no_channelwise_mode() -> None:
    for lanes, columns in ((8, 8), (5, 7)):
        target = replace(load_target("default"), channelwise=False, lanes=lanes, columns=columns)
        for form in ("concat", "transpose", "pad"):
            check(3, form, target)
