"""How a network fails, in a form that two networks can be compared by: the repro of a failure fails in the same way."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from tileloom.compiler.problems import ModelError, Problem
from tileloom.hw.spec.config import Target
from tileloom.refusal import problems_of

if TYPE_CHECKING:
    import onnx

    from tileloom.compiler.graph import IntegerGraph
    from tileloom.compiler.network import Network


class Stage(StrEnum):
    """How far a network is taken before it counts as sound."""

    CHECK = "check"
    COMPILE = "compile"
    """Random data for calibration, then the program of the target."""
    VERIFY = "verify"
    """One random frame on the functional simulator against the integer reference."""


@dataclass(frozen=True)
class Failure:
    """One way to fail.

    Parameters
    ----------
    code : of the problem; empty for an exception that no user must ever see
    rule : the problem's rule (for an unsupported operator its name too), or the exception's type and place
    node : the node that is blamed, where there is one
    text : the whole sentence
    """

    code: str
    rule: str
    node: str
    text: str

    @property
    def kind(self) -> tuple[str, str]:
        """What two networks must share to fail in the same way."""
        return self.code, self.rule


def failures(model: "onnx.ModelProto", stage: Stage, target: Target) -> list[Failure]:
    """Every failure of the first step that fails; empty for a network that comes through to the end of ``stage``."""
    try:
        _run(model, stage, target)
    except ModelError as error:
        return [_of_problem(problem) for problem in error.problems]
    except Exception as error:  # whatever it is: that it happens is what is looked for
        problems = problems_of(error)
        return [_of_problem(problem) for problem in problems] if problems else [_of_crash(error)]
    return []


def _run(model: "onnx.ModelProto", stage: Stage, target: Target) -> None:
    from tileloom.compiler.backend.compile import compile_graph
    from tileloom.compiler.frontend import quantise, take_model
    from tileloom.compiler.nonlinearity import SEGMENTS
    from tileloom.sim.functional.run import run

    network = take_model(model, "model")
    if stage is Stage.CHECK:
        return
    graph = quantise(network, segments=target.segments or SEGMENTS, bits=target.activation_bits)
    program = compile_graph(graph, target)
    if stage is Stage.COMPILE:
        return
    from tileloom.compiler.reference import evaluate

    codes = _random_codes(network, graph)
    found, wanted = run(program, codes).outputs, evaluate(graph, codes)
    for name in graph.outputs:
        if not np.array_equal(found[name], wanted[name]):
            rule = "the functional simulator must give the codes of the integer reference"
            value = f"{int(np.count_nonzero(found[name] != wanted[name]))} others"
            raise ModelError([Problem("TL410", name, "", rule, value, "report it")])


def _random_codes(network: "Network", graph: "IntegerGraph") -> dict[str, np.ndarray]:
    from tileloom.compiler.calibration_data import random_data
    from tileloom.compiler.quantised_io import quantise_input

    data = random_data(network, seed=0)
    return {name: quantise_input(graph.tensors[name], array[:1]) for name, array in data.items()}


def _of_problem(problem: Problem) -> Failure:
    rule = f"{problem.rule}, not {problem.value}" if problem.code == "TL201" else problem.rule
    return Failure(problem.code, rule, problem.node, str(problem))


def _of_crash(error: Exception) -> Failure:
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = "" if frame is None else f" in {frame.tb_frame.f_code.co_name}"
    first = str(error).partition("\n")[0]
    return Failure("", f"{type(error).__name__}{place}", "", f"{type(error).__name__}{place}: {first}")
