"""Planted differences are counted, and the first is named: tensor and element, job and cycles, stalls."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.face.networks import SHAPE, network, node, save, weights
from tileloom.comparison import first_difference, first_trace_difference, timing_differences
from tileloom.compilation import compile_quantised, quantise_model
from tileloom.engine_name import EngineName
from tileloom.frames import frames_for
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.registers import Cause
from tileloom.hw.spec.result import FrameTiming, JobTrace, Result
from tileloom.model_argument import find
from tileloom.verbs.verify import verify
from tileloom.verification import ProgramRun, Verification, compare, verify_quantised

TRACE = (JobTrace(10, 90, 0, 1), JobTrace(12, 95, 1, 1), JobTrace(100, 180, 0, 2))


def frame(cycles: int = 200, trace: tuple[JobTrace, ...] = TRACE, slot: int = 5) -> FrameTiming:
    return FrameTiming(cycles, trace, ({Cause.RUN: cycles - slot, Cause.SLOT: slot}, {Cause.RUN: cycles}))


def test_first_element() -> None:
    expected = np.zeros((2, 3, 4, 5), np.int8)
    got = expected.copy()
    got[1, 2, 0, 3] = 7
    got[1, 2, 3, 0] = 9
    found = first_difference("RTL", "conv1", "relu", expected, got)
    assert str(found) == "RTL gives 7 instead of 0 in tensor relu at frame 1, channel 2, y 0, x 3"
    assert first_difference("RTL", "conv1", "relu", expected, expected.copy()) is None
    assert "gives nothing instead of 0" in str(first_difference("RTL", "conv1", "relu", expected, None))


def test_first_job() -> None:
    late = (TRACE[0], JobTrace(13, 96, 1, 1), JobTrace(101, 181, 0, 2))
    found = first_trace_difference([frame(), frame()], [frame(), frame(trace=late)], {1: "conv1", 2: "conv2"})
    assert found is not None
    assert (found.frame, found.layer, found.tile, found.tag) == (1, "conv1", 1, 1)
    assert str(found) == "frame 1, tile 1, tag 1: cycles 12 .. 95 simulated, cycles 13 .. 96 on the RTL"
    assert first_trace_difference([frame()], [frame()], {}) is None


def test_job_that_is_missing() -> None:
    found = first_trace_difference([frame()], [frame(trace=TRACE[:2])], {2: "conv2"})
    assert str(found) == "frame 0, tile 0, tag 2: cycles 100 .. 180 simulated, missing on the RTL"


def test_stalls_and_cycles() -> None:
    found = [str(difference) for difference in timing_differences([frame()], [frame(cycles=201, slot=6)])]
    assert found[:2] == [
        "frame 0: 200 cycles simulated, 201 on the RTL",
        "frame 0, tile 0, slot: 5 cycles simulated, 6 on the RTL",
    ]
    assert timing_differences([frame()], [frame()]) == []


@pytest.fixture(scope="module")
def verified() -> Verification:
    """A right verification, whose results the tests then change."""
    argument = find("digits_modern")
    target = load_target("small")
    quantised = quantise_model(argument, target, None, None, 0)
    program = compile_quantised(quantised, target)
    frames = frames_for([quantised.graph.tensors["image"]], None, 2, 0, argument)
    return verify_quantised(quantised, program, frames, EngineName.CYCLE)


def as_rtl(run: ProgramRun, **changed: np.ndarray) -> Result:
    """What an RTL with other tensors would have given."""
    assert run.cycle is not None
    functional = run.functional
    return Result(
        "rtl",
        {name: changed.get(name, codes) for name, codes in functional.outputs.items()},
        {name: changed.get(name, codes) for name, codes in functional.taps.items()},
        run.cycle.frames,
    )


def test_a_right_verification_has_no_difference(verified: Verification) -> None:
    assert verified.mismatches == 0
    runs = tuple(replace(run, rtl=as_rtl(run)) for run in verified.runs)
    found = compare("reference", verified.expected, runs)
    assert (found.mismatches, found.first_element, found.first_trace, found.timing) == (0, None, None, ())
    assert {comparison.engine for comparison in found.comparisons} == {"functional", "RTL"}


def test_a_wrong_tensor_is_named_by_its_layer(verified: Verification) -> None:
    plain, tapped = verified.runs
    wrong = tapped.functional.taps["relu_1"].copy()
    wrong[1, 3, 2, 1] ^= 1
    later = tapped.functional.taps["relu_4"].copy()
    later ^= 1
    runs = (
        replace(plain, rtl=as_rtl(plain)),
        replace(tapped, rtl=as_rtl(tapped, relu_1=wrong, relu_4=later)),
    )
    found = compare("reference", verified.expected, runs)
    assert found.mismatches == 1 + later.size
    assert found.layer_mismatches["relu_1"] == 1
    first = found.first_element
    assert first is not None
    assert (first.engine, first.layer, first.tensor) == ("RTL", "node_Conv_83", "relu_1")
    assert (first.frame, first.channel, first.y, first.x) == (1, 3, 2, 1)


def test_an_engine_that_differs_makes_the_command_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    from tileloom.sim.functional import run as functional

    honest = functional.run

    def faulty(*arguments: object, **options: object) -> Result:
        result: Result = honest(*arguments, **options)  # type: ignore[arg-type]
        scores = result.outputs["scores"].copy()
        scores[0, 4, 0, 0] ^= 1
        return replace(result, outputs={"scores": scores})

    monkeypatch.setattr(functional, "run", faulty)
    found = verify("digits_modern", target="small", engine="cycle", frames=1)
    assert found.mismatches == 2
    (problem,) = found.problems
    assert (problem.code, problem.node) == ("TL410", "node_linear")
    assert "in tensor scores at frame 0, channel 4, y 0, x 0" in problem.value


@pytest.mark.parametrize("target", ["default", "small"])
def test_add_of_two_convolutions(tmp_path: Path, target: str) -> None:
    """Only one of the two may take the add along."""
    nodes = [
        node("Conv", ["x", "a"], "left", pads=[1, 1, 1, 1]),
        node("Conv", ["x", "b"], "right", pads=[1, 1, 1, 1]),
        node("Add", ["left", "right"], "y"),
    ]
    path = save(tmp_path, network(nodes, {"a": weights(1), "b": weights(2)}, SHAPE))
    found = verify(path, target=target, engine="cycle")
    assert (found.mismatches, found.problems) == (0, ())
    assert sorted(layer.op for layer in found.layers) == ["Conv", "Conv+Add"]
