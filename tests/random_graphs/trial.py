"""One random network through compiler, simulators, RTL and integer reference."""

from collections.abc import Mapping

import numpy as np

from tests.float_in_process import float_runs_in_process
from tests.random_graphs.draw import DrawnNetwork
from tileloom.compiler.backend.compile import compile_graph
from tileloom.compiler.calibration_data import random_data
from tileloom.compiler.frontend import quantise, take_model
from tileloom.compiler.problems import ModelError
from tileloom.compiler.quantised_io import quantise_input
from tileloom.compiler.reference import evaluate
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Codes, Program
from tileloom.hw.spec.registers import Error
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.functional.run import run
from tileloom.sim.rtl.engine import RtlEngine

BEARABLE = frozenset(["TL305", "TL306", "TL310", "TL501", "TL502"])
"""Refusals that depend on the drawn numbers, or on what a target leaves out."""
FRAMES = 2


def trial(drawn: DrawnNetwork, target: Target, rtl: RtlEngine | None = None) -> str:
    """Empty for a network that ran and was exact at every tensor; the code of a bearable refusal.

    With ``rtl``, a machine of the target, it runs there too: tensors, cycles, job traces and stalls must be equal.
    Raises for everything else: ``AssertionError`` for a difference, ``ModelError`` for a refusal of what was drawn
    within the rules of its operators.
    """
    try:
        network = take_model(drawn.model, "random")
        with float_runs_in_process():
            graph = quantise(network, seed=drawn.seed, method="minmax", segments=target.segments or 64)
        program = compile_graph(graph, target, taps=True)
    except ModelError as error:
        refusals = {problem.code for problem in error.problems}
        if refusals <= BEARABLE:
            return min(refusals)
        raise
    data = random_data(network, drawn.seed + 1)
    codes_in = {name: quantise_input(graph.tensors[name], array[:FRAMES]) for name, array in data.items()}
    wanted, found = evaluate(graph, codes_in), run(program, codes_in, taps=True)
    for name, codes in {**found.taps, **found.outputs}.items():
        assert np.array_equal(codes, wanted[name]), f"{name} differs in {np.count_nonzero(codes != wanted[name])} codes"
    if rtl is not None:
        _on_rtl(rtl, program, codes_in, wanted)
    return ""


def _on_rtl(rtl: RtlEngine, program: Program, codes_in: dict[str, Codes], wanted: Mapping[str, Codes]) -> None:
    simulated, hardware = simulate(program, frames=FRAMES), rtl.run(program, codes_in, taps=True)
    assert hardware.error is Error.NONE
    for name, codes in {**hardware.taps, **hardware.outputs}.items():
        assert np.array_equal(codes, wanted[name]), f"{name} differs on the RTL"
    assert hardware.frames == simulated.frames
