"""What newcomers met with: each of these once told them too little, too much, or the wrong thing."""

from pathlib import Path

import onnx
import pytest

from tests.face.command import tileloom
from tests.face.networks import good, network, node, save, weights
from tests.float_in_process import float_runs_in_process
from tileloom import api
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.problems import ModelError
from tileloom.failure import Stage, failures
from tileloom.hw.spec.config import load_target
from tileloom.note_lines import LINES, note_lines


def test_verify_says_what_the_cycle_engine_showed(tmp_path: Path) -> None:
    outcome = tileloom("verify", save(tmp_path, good()), "--target", "small", "--engine", "cycle", "--frames", 1)
    cycles = api.simulate(tmp_path / "net.onnx", target="small").cycles
    assert f"the cycle simulator, which has no data, ran to its end in {cycles:,} cycles" in " ".join(
        outcome.stdout.split()
    )


def test_verify_of_a_program_without_hardware_compares_nothing_and_says_so(tmp_path: Path) -> None:
    api.compile("lenet5", target="small", output=tmp_path / "l.tlp")
    for engine in ("cycle", "functional"):
        with pytest.raises(ModelError, match=r"TL409 .*l\.tlp: a tile program has lost its network"):
            api.verify(tmp_path / "l.tlp", engine=engine)


def test_missing_weights_are_one_problem(tmp_path: Path) -> None:
    nodes = [node("Conv", ["x" if i == 0 else f"c{i - 1}", f"w{i}"], f"c{i}") for i in range(3)]
    nodes.append(node("Relu", ["c2"], "y"))
    kernels = {f"w{i}": weights()[:3, :, :1, :1] for i in range(3)}
    path = tmp_path / "net.onnx"
    onnx.save(network(nodes, kernels), path, save_as_external_data=True, location="net.onnx.data", size_threshold=0)
    assert tileloom("check", path).status == 0
    (tmp_path / "net.onnx.data").unlink()
    outcome = tileloom("check", path)
    assert outcome.status == 1
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("TL104 net.onnx.data: the file that holds the model's weights must lie beside the model")
    assert "tensors that it holds: 3" in line


@pytest.mark.parametrize("name", ["net.onnx", "NET.ONNX", "net.npz", "net.toml"])
def test_a_program_is_not_written_under_another_kind_of_name(tmp_path: Path, name: str) -> None:
    outcome = tileloom("compile", "lenet5", "--target", "small", "--output", tmp_path / name)
    assert outcome.status == 1
    assert outcome.stderr.startswith(f"TL409 {tmp_path / name}: ")
    assert list(tmp_path.iterdir()) == []


def test_what_repro_leaves_fails_for_its_reason_alone(tmp_path: Path) -> None:
    model = network(
        [
            node("Conv", ["x", "w"], "c"),
            node("Relu", ["c"], "r"),
            node("Cosh", ["r"], "d"),
            node("Conv", ["d", "v"], "y"),
        ],
        {"w": weights(), "v": weights(2)[:, :1].repeat(4, axis=1)},
    )
    path = save(tmp_path, model)
    outcome = tileloom("repro", path, "--output", tmp_path / "small.onnx", "--json", "-")
    assert outcome.status == 0, outcome.stderr
    left = failures(onnx.load(tmp_path / "small.onnx"), Stage.CHECK, load_target("default"))
    assert {found.code for found in left} == {outcome.document["code"]} == {"TL201"}


@pytest.mark.parametrize(
    ("name", "near"), [("digits_moderm", "digits_modern"), ("lenet_5", "lenet5"), ("nets.onnx", "net.onnx")]
)
def test_the_nearest_model_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, near: str) -> None:
    save(tmp_path, good())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=f"TL401 {name}: .*; the nearest is {near}."):
        api.check(name)


def test_a_name_like_no_other_gets_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="name an existing file or one of lenet5, digits_modern"):
        api.check("something_else_altogether")


@pytest.mark.parametrize("verb", ["simulate", "verify"])
def test_files_that_are_not_there_are_told_in_our_words(tmp_path: Path, verb: str) -> None:
    missing = tmp_path / "none.npz"
    outcome = tileloom(verb, "lenet5", "--input", missing)
    assert outcome.stderr.startswith(f"TL405 {missing}: the file cannot be read (there is no such file); ")
    outcome = tileloom(verb, "lenet5", "--bind", f"image={tmp_path / 'none.npy'}")
    assert "not there is no such file" not in outcome.stderr and "there is no such file" in outcome.stderr


def test_another_batch_is_one_line() -> None:
    outcome = tileloom("check", "digits_modern", "--batch", 2)
    assert outcome.status == 1
    assert outcome.stderr.splitlines() == [
        "TL113 --batch: the batch (first axis) must be 1, not 2; "
        "take 1, and give several frames one after another with --frames."
    ]
    assert tileloom("check", "digits_modern", "--batch", 1).status == 0


def test_explain_takes_several_codes_with_or_without_letters() -> None:
    outcome = tileloom("explain", "203", "tl204", "TL203")
    assert outcome.status == 0
    assert [line[:6] for line in outcome.stdout.splitlines() if line.startswith("TL")] == ["TL203:", "TL204:"]
    assert tileloom("explain", "999").stderr.startswith("TL409 999: there is no such code; ")
    assert "the nearest is TL203" in tileloom("explain", "TL2O3").stderr
    with pytest.raises(ModelError):
        api.explain("TL203", "nonsense")


def test_notes_do_not_fill_the_screen(tmp_path: Path) -> None:
    steps = [step("Conv", "x w", "c0")]
    for number in range(5):
        steps.append(step("Tanh", f"c{number}", f"t{number}"))
        steps.append(step("Conv", f"t{number} w", f"c{number + 1}" if number < 4 else "y"))
    path = save(tmp_path, Example("deep", steps, (1, 2, 4, 4), {"w": numbers(2, 2, 1, 1)}).model())
    with float_runs_in_process():
        notes = api.compile(path, target="default").notes
    fitted = [note for note in notes if note.startswith("Tanh at ")]
    assert len(fitted) == 5
    (line,) = (line for line in note_lines(notes) if line.startswith("Tanh"))
    worst = max(note.partition("greatest error ")[2].split()[0] for note in fitted)
    assert line.startswith("Tanh at 5 nodes, ") and f"greatest error {worst} output codes" in line
    assert note_lines(fitted[:2]) == fitted[:2]
    many = [f"note {number}" for number in range(LINES + 7)]
    assert note_lines(many) == [*many[:LINES], "7 more notes: --json has all."]
    assert note_lines(many[:LINES]) == many[:LINES]
