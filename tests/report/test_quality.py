"""Accuracy, ranges and signal to noise of the report, against what other parts of tileloom say of the same frames."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.float_in_process import float_runs_in_process
from tileloom import api
from tileloom.accuracy import accuracy
from tileloom.compilation import compiled
from tileloom.compiler.problems import ModelError
from tileloom.compiler.reference import evaluate
from tileloom.deviation import deviation
from tileloom.float_run import run_float_outputs
from tileloom.frames import frames_for
from tileloom.model_argument import find
from tileloom.report import quality
from tileloom.report.quality import Quality, measure, read_labels
from tileloom.report.quantisation import worst

DIGITS = 12


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Frames and labels of some held-out digits."""
    zoo = find("digits_modern").zoo
    assert zoo is not None
    return zoo.held_out().images[:DIGITS], zoo.held_out().labels[:DIGITS]


def measured(digits: tuple[np.ndarray, np.ndarray]) -> Quality:
    images, labels = digits
    argument = find("digits_modern")
    with float_runs_in_process():
        return measure(compiled(argument, "default"), argument, {"image": images}, np.asarray(labels, np.int64), 0)


def test_against_reference_and_float_network(
    digits: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    images, labels = digits
    argument = find("digits_modern")
    made = compiled(argument, "default")
    assert made.quantised is not None
    frames = frames_for(made.inputs, {"image": images}, None, 0, argument)
    expected = evaluate(made.quantised.graph, frames.codes)
    with float_runs_in_process():
        floats = run_float_outputs(made.quantised, frames)["scores"]
    found = measured(digits)
    assert (found.frames, found.labels, found.snr_frames) == (DIGITS, DIGITS, DIGITS)
    assert found.accuracy == accuracy(expected["scores"], np.asarray(labels, np.int64))
    assert found.accuracy_float == accuracy(floats, np.asarray(labels, np.int64))
    (scores,) = (tensor for tensor in found.tensors if tensor.tensor == "scores")
    reals = (expected["scores"].astype(float) - scores.zero_point) * scores.scale
    assert found.snr_db == scores.snr_db == pytest.approx(deviation(reals, floats).snr_db, abs=1e-4)
    for tensor in found.tensors:
        codes, graph = expected[tensor.tensor], made.quantised.graph.tensors[tensor.tensor]
        assert (tensor.code_low, tensor.code_high) == (codes.min(), codes.max())
        assert (tensor.low, tensor.high) == tuple(
            (end - graph.zero_point) * graph.scale for end in (graph.low, graph.high)
        )
        ends = [end for end in (graph.low, graph.high) if end != graph.zero_point]
        assert tensor.clipped == np.isin(codes, ends).mean()
    # Nothing depends on how many frames are looked at together.
    monkeypatch.setattr(quality, "MEMORY_BYTES", 1)
    alone = measured(digits)
    assert (alone.accuracy, alone.accuracy_float, alone.snr_frames) == (found.accuracy, found.accuracy_float, 1)


def test_every_tensor_at_a_job_boundary_is_there(digits: tuple[np.ndarray, np.ndarray]) -> None:
    found = measured(digits)
    program = compiled(find("digits_modern"), "default").program
    assert len(found.tensors) == len(program.jobs)
    noisy = [tensor.snr_db for tensor in worst(found.tensors)]
    assert noisy == sorted(noisy, key=lambda snr: snr or 0.0) and None not in noisy


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("none.npy", "there is no such file"),
        (np.zeros((4, 2), np.int64), "int64 of shape (4, 2)"),
        (np.zeros(4), "float64 of shape (4,)"),
        (np.zeros(0, np.int64), "int64 of shape (0,)"),
    ],
)
def test_labels_that_are_none(tmp_path: Path, labels: Any, words: str) -> None:
    with pytest.raises(ModelError) as raised:
        read_labels(tmp_path / labels if isinstance(labels, str) else labels)
    (problem,) = raised.value.problems
    assert problem.code == "TL405" and words in str(problem)


def test_more_labels_than_frames(tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = digits
    with pytest.raises(ModelError, match="TL409"):
        api.report(
            "lenet5", target="default", input={"image": images[:3]}, labels=labels[:4], output=tmp_path / "p.html"
        )
    assert not (tmp_path / "p.html").exists()
