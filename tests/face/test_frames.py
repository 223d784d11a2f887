"""Frames from files, from the zoo and by seed; what a user may get wrong about them."""

from pathlib import Path

import numpy as np
import pytest

from tests.face.command import tileloom
from tests.face.networks import good, save
from tileloom.compiler.graph import Tensor
from tileloom.compiler.problems import ModelError
from tileloom.engine_name import EngineName
from tileloom.frames import arrays_of, frames_for
from tileloom.model_argument import ModelArgument, find

X = Tensor("x", 3, 8, 8, 0.05, 3, shape=(3, 8, 8))
FILE = ModelArgument(Path("net.onnx"), "net")


def test_floats_are_quantised_and_codes_taken_as_they_are() -> None:
    reals = np.random.default_rng(1).normal(0, 1, (4, 3, 8, 8)).astype(np.float32)
    frames = frames_for([X], {"x": reals}, None, 0, FILE)
    assert frames.count == 4
    again = frames_for([X], {"x": frames.codes["x"]}, 2, 0, FILE)
    assert np.array_equal(again.codes["x"], frames.codes["x"][:2])
    assert np.allclose(again.reals["x"], np.clip(reals[:2], -131 * 0.05, 124 * 0.05), atol=0.0251)


def test_random_frames_depend_on_the_seed_alone() -> None:
    one, same, other = (frames_for([X], None, 3, seed, FILE).codes["x"] for seed in (7, 7, 8))
    assert one.shape == (3, 3, 8, 8)
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("count", [0, -1])
@pytest.mark.parametrize("model", ["lenet5", "net.onnx"])
def test_no_frames_are_refused(model: str, count: int) -> None:
    """A slice up to -1 would be all but one."""
    image = Tensor("image", 1, 32, 32, 1 / 255, -128, shape=(1, 32, 32))
    argument = find(model) if model == "lenet5" else FILE
    for given in (None, {"image": np.zeros((3, 1, 32, 32), np.float32)}):
        with pytest.raises(ModelError, match=f"TL409 --frames: there must be at least one frame, not {count}; "):
            frames_for([image], given, count, 0, argument)


def test_an_engine_of_another_name() -> None:
    with pytest.raises(ValueError, match="engine must be one of functional, cycle, rtl, netlist, not 'gpu'"):
        EngineName("gpu")


def test_zoo_frames_are_held_out_digits() -> None:
    image = Tensor("image", 1, 32, 32, 1 / 255, -128, shape=(1, 32, 32))
    frames = frames_for([image], None, 5, 0, find("lenet5"))
    assert (frames.count, frames.origin) == (5, "held-out digits")


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return save(tmp_path, good())


def refusal(network: Path, **arrays: np.ndarray) -> str:
    """The sentence for these arrays as input."""
    data = network.with_name("data.npz")
    np.savez(data, **arrays)  # type: ignore[arg-type]
    outcome = tileloom("simulate", network, "--target", "small", "--input", data, "--calibration", data)
    assert (outcome.status, outcome.stdout) == (1, "")
    return outcome.stderr


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"y": np.zeros((1, 3, 8, 8))}, ["TL307 x", "'y'"]),
        ({"x": np.zeros((1, 3, 9, 8))}, ["TL307 x", "(1, 3, 9, 8)"]),
        ({"x": np.full((1, 3, 8, 8), np.nan)}, ["TL307 x", "finite numbers, not NaN or infinity"]),
        ({"x": np.full((1, 3, 8, 8), 1e300)}, ["TL307 x", "finite numbers, not values beyond float32"]),
        ({"x": np.zeros((0, 3, 8, 8))}, ["TL307 x"]),
        ({"x": np.array(["a"])}, ["TL405", "<U1"]),
    ],
)
def test_arrays_that_do_not_fit(network: Path, arrays: dict[str, np.ndarray], words: list[str]) -> None:
    sentence = refusal(network, **arrays)
    assert all(word in sentence for word in words), sentence
    assert sentence.count("\n") == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not really", b"text"])
@pytest.mark.parametrize("option", ["--input", "--calibration"])
def test_files_that_are_no_arrays(network: Path, content: bytes, option: str) -> None:
    path = network.with_name("data.npz")
    path.write_bytes(content)
    outcome = tileloom("verify", network, option, path)
    assert outcome.status == 1
    assert outcome.stderr.startswith(f"TL405 {path}: ")


def test_missing_file(network: Path) -> None:
    outcome = tileloom("simulate", network, "--input", network.with_name("none.npz"))
    assert outcome.status == 1
    assert "TL405" in outcome.stderr
    assert "there is no such file" in outcome.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "not an empty file; "), (b"text", "not a file of another kind, or a damaged one; ")],
)
def test_files_are_named_for_what_they_are(network: Path, content: bytes, words: str) -> None:
    path = network.with_name("data.npz")
    path.write_bytes(content)
    assert words in tileloom("simulate", network, "--input", path).stderr


def test_great_numbers_saturate_without_a_warning(network: Path) -> None:
    frames = frames_for([X], {"x": np.full((1, 3, 8, 8), 1e38, np.float32)}, None, 0, FILE)
    assert (frames.codes["x"] == 127).all()
    path = network.with_name("data.npz")
    np.savez(path, x=np.full((1, 3, 8, 8), 1e30, np.float32))
    outcome = tileloom("simulate", network, "--target", "small", "--input", path, "--calibration", path)
    assert outcome.status == 0, outcome.stderr


def test_a_program_is_not_calibrated_again(network: Path) -> None:
    path = network.with_name("data.npz")
    np.savez(path, x=np.zeros((2, 3, 8, 8), np.float32))
    program = network.with_name("net.tlp")
    assert tileloom("compile", network, "--target", "small", "--output", program).status == 0
    outcome = tileloom("simulate", program, "--calibration", path)
    assert outcome.status == 1
    assert "TL409 " in outcome.stderr
    assert "leave --calibration out" in outcome.stderr


def test_a_program_alone_is_compared_with_nothing(network: Path) -> None:
    program = network.with_name("net.tlp")
    assert tileloom("compile", network, "--target", "small", "--output", program).status == 0
    outcome = tileloom("verify", program, "--engine", "cycle")
    assert outcome.status == 1
    assert "TL409 " in outcome.stderr and "name the ONNX file, or take --engine rtl" in outcome.stderr
    assert "Equal: " in tileloom("verify", network, "--target", "small", "--engine", "cycle").stdout


def test_pickles_are_not_executed(network: Path) -> None:
    path = network.with_name("data.npz")
    np.savez(path, x=np.array([{}], dtype=object))
    outcome = tileloom("simulate", network, "--input", path)
    assert outcome.status == 1
    assert "TL405" in outcome.stderr


def test_more_frames_than_there_are(network: Path) -> None:
    path = network.with_name("data.npz")
    np.savez(path, x=np.zeros((2, 3, 8, 8), np.float32))
    outcome = tileloom("verify", network, "--input", path, "--frames", 3, "--engine", "cycle")
    assert outcome.status == 1
    assert "TL409 x: --frames 3 needs as many frames, not 2; ask for 2 or fewer." in outcome.stderr
    assert "TL409" in tileloom("simulate", "lenet5", "--frames", 400).stderr


def test_a_mapping_is_taken_like_a_file() -> None:
    arrays = {"x": np.zeros((1, 3, 8, 8))}
    assert arrays_of(arrays) == arrays
    assert arrays_of(None) is None
