"""Results, programs, targets and documents in a notebook: small, escaped, in need of nothing."""

from dataclasses import replace

import numpy as np
import pytest

from tests.report.self_contained import faults
from tileloom import api
from tileloom.compilation import compiled
from tileloom.document import Document
from tileloom.hw.spec.config import load_target, presets
from tileloom.hw.spec.notebook import ROWS, table
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import Error
from tileloom.hw.spec.result import Result
from tileloom.model_argument import find
from tileloom.sim.cycle.simulate import simulate

EVIL = '<script>alert("x")</script>&'
SMALL = 20_000
"""Characters."""


@pytest.fixture(scope="module")
def program() -> Program:
    return compiled(find("lenet5"), "small").program


def test_program(program: Program) -> None:
    html = program._repr_html_()
    assert faults(html) == [] and len(html) < SMALL
    for word in (
        "lenet5",
        "small",
        "image",
        "scores",
        "models/lenet5.py",
        f"{len(program.instructions):,} instructions",
    ):
        assert word in html
    assert html.count("<tr>") == 2 + len(program.inputs) + len(program.outputs) + len(program.jobs)


def test_result(program: Program) -> None:
    timed = simulate(program, frames=2)
    html = timed._repr_html_()
    assert faults(html) == [] and len(html) < SMALL
    assert f"{timed.frames[1].cycles:,}" in html
    halted = Result("rtl", {"y": np.zeros((3, 4, 5, 6), np.int8)}, error=Error.WATCHDOG, program_counter=17)
    assert "3 x 4 x 5 x 6" in halted._repr_html_() and "Halted with WATCHDOG at word 17" in halted._repr_html_()


@pytest.mark.parametrize("name", presets())
def test_target(name: str) -> None:
    target = load_target(name)
    html = target._repr_html_()
    assert faults(html) == [] and len(html) < SMALL
    usual = load_target("default").to_dict()
    differing = {field for field, value in target.to_dict().items() if value != usual[field]} - {"name"}
    assert html.count("instead of") == len(differing)


def test_documents() -> None:
    for document in (api.zoo(), api.targets(), api.explain("TL203"), api.simulate("lenet5", target="small")):
        assert isinstance(document, Document)
        html = document._repr_html_()
        assert faults(html) == [] and len(html) < SMALL


def test_names_cannot_break_out(program: Program) -> None:
    spoilt = replace(
        program,
        name=EVIL,
        jobs=tuple(replace(job, name=EVIL, source=EVIL) for job in program.jobs),
        inputs=tuple(replace(tensor, name=EVIL) for tensor in program.inputs),
    )
    for html in (
        spoilt._repr_html_(),
        Result(EVIL, {EVIL: np.zeros((1, 1, 1, 1), np.int8)})._repr_html_(),
    ):
        assert faults(html) == []
        assert "&lt;script&gt;" in html


def test_long_tables_are_cut() -> None:
    html = table("", ("n",), [(n,) for n in range(ROWS + 3)])
    assert html.count("<tr>") == ROWS + 1 and "3 more rows" in html
