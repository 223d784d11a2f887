"""What holds for every command: help, exit statuses, JSON on standard output alone, interruption."""

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.face.command import tileloom
from tileloom.cli import app
from tileloom.command_line import run
from tileloom.document import Document, version, without_kind

VERBS = sorted(
    str(command.name or command.callback.__name__) for command in app.registered_commands if command.callback
)


def shell(*arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "tileloom.cli", *arguments]
    environment = {**os.environ, **options}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)


def test_help_names_every_verb() -> None:
    done = shell("--help")
    assert done.returncode == 0
    assert all(verb in done.stdout for verb in VERBS)


def test_help_loads_nothing_heavy() -> None:
    script = "import sys, tileloom.cli; print([m for m in ('torch', 'onnx', 'numpy', 'amaranth') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_shows_an_example(verb: str) -> None:
    outcome = tileloom(verb, "--help")
    assert outcome.status == 0
    assert f"tileloom {verb}" in outcome.stdout


def test_version() -> None:
    outcome = tileloom("--version")
    assert (outcome.status, outcome.stdout.strip()) == (0, f"tileloom {version()}")


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["check"], ["zoo", "--nonsense"], ["verify", "x", "--frames", "0"]]
)
def test_usage_errors_exit_2(arguments: list[str]) -> None:
    assert tileloom(*arguments).status == 2


@pytest.mark.parametrize("arguments", [["targets"], ["zoo"], ["explain", "TL203"]])
def test_json_alone_on_standard_output(arguments: list[str]) -> None:
    outcome = tileloom(*arguments, "--json", "-")
    assert (outcome.status, outcome.stderr) == (0, "")
    document = outcome.document
    assert document["schema"] == f"tileloom.{arguments[0]}.1"
    assert (document["version"], document["command"]) == (version(), arguments[0])
    assert document["problems"] == []
    assert without_kind(document) == []


def test_failure_is_json_too(tmp_path: Path) -> None:
    outcome = tileloom("targets", "--target", "nope", "--json", "-")
    assert outcome.status == 1
    assert outcome.document["schema"] == "tileloom.targets.1"
    assert [problem["code"] for problem in outcome.document["problems"]] == ["TL403"]


def test_json_file_and_table(tmp_path: Path) -> None:
    outcome = tileloom("zoo", "--json", tmp_path / "zoo.json")
    assert "416,520" in outcome.stdout
    assert '"macs": 416520' in (tmp_path / "zoo.json").read_text()


def test_json_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    outcome = tileloom("zoo", "--json", tmp_path / "none" / "zoo.json")
    assert outcome.status == 1
    assert outcome.stderr.startswith("TL408 ")


def test_json_is_refused_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def work(_: object) -> Document:
        raise AssertionError("worked")

    with pytest.raises(Exception) as raised:
        run("verify", "x", work, str(tmp_path))
    assert getattr(raised.value, "exit_code", None) == 1
    assert capsys.readouterr().err.startswith(f"TL408 {tmp_path}: the file cannot be written (it is a folder); ")


def test_explanation_of_operators_lists_them() -> None:
    outcome = tileloom("explain", "TL201")
    assert outcome.status == 0
    assert all(name in outcome.stdout for name in ("Conv ", "MaxPool ", "BatchNormalization "))
    assert "TL201" in tileloom("explain").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["explain", "TL999"], "TL409 TL999: there is no such code; "),
        (["zoo", "nope"], "TL401 nope: there is no zoo network of this name; name one of lenet5"),
        (["zoo", "--output", "x.onnx"], "TL409 x.onnx: one network is written at a time, not all of them; "),
        (["compile", "lenet5", "--target", "nope"], "TL403 nope: target 'nope' is not a preset; "),
    ],
)
def test_refusals_name_what_is_wrong(arguments: list[str], words: str) -> None:
    outcome = tileloom(*arguments)
    assert (outcome.status, outcome.stdout) == (1, "")
    assert outcome.stderr.splitlines()[-1].startswith(words)


def test_targets_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("tiles_x = 1\ntiles_y = 1\nlanes = 7\n")
    row = tileloom("targets", "--target", path, "--json", "-").document["targets"][0]
    assert (row["name"], row["lanes"], row["macs_per_cycle_peak"]) == ("mine", 7, 56)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("lanes = 0", "lanes must be from 1 to 64, not 0"),
        ("lanes = 'x'", "lanes"),
        ("lane = 3", "lane is not a field of a target; did you mean lanes?"),
        ("zzz = 3", "zzz is not a field of a target; known: "),
        ("lanes =", "not valid TOML"),
        ("port_bytes = 5", "port_bytes must be 4, 8, 16, 32 or 64, not 5"),
    ],
)
def test_bad_target_file(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    outcome = tileloom("targets", "--target", path)
    assert outcome.status == 1
    assert outcome.stderr.startswith("TL403 ")
    assert named in outcome.stderr


def test_zoo_network_is_copied(tmp_path: Path) -> None:
    assert tileloom("zoo", "lenet5", "--output", tmp_path / "net.onnx").status == 0
    assert tileloom("check", tmp_path / "net.onnx").status == 0


@pytest.mark.parametrize(
    "arguments", [["explain"], ["technologies", "--technology", "ecp5"], ["targets", "--json", "-"]]
)
def test_reader_of_standard_output_goes_away(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "tileloom.cli", *arguments]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", ["targets", "targets --json -"])
def test_standard_output_that_is_full(arguments: str) -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("no /dev/full here")
    command = f"{sys.executable} -m tileloom.cli {arguments} >/dev/full"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("TL408 standard output: it cannot be written (its disk is full); ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        ("targets >&-", 0, ""),
        ("targets --json - >&-", 1, "TL408 standard output: it cannot be written (it is closed); "),
        ("targets --target nope 2>&-", 1, ""),
    ],
)
def test_closed_streams(command: str, status: int, words: str) -> None:
    line = f"{sys.executable} -m tileloom.cli {command}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr[: len(words)]) == (status, words)
    assert "Traceback" not in done.stderr


@pytest.fixture
def interrupts() -> Iterator[None]:
    """A shell that starts the tests in the background has them ignore interrupts: here they count."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
def test_interruption(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_: object) -> Document:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(10)
        raise AssertionError("not interrupted")

    with pytest.raises(Exception) as raised:
        run("verify", "x", interrupted, str(tmp_path / "out.json"))
    assert getattr(raised.value, "exit_code", None) == 130
    assert "nothing was left half-written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_termination_is_an_interruption() -> None:
    script = """
import os, signal, sys
import tileloom.verbs.zoo as zoo
zoo.zoo = lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM)
from tileloom.cli import main
sys.argv = ["tileloom", "zoo"]
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (130, "tileloom zoo: stopped; nothing was left half-written.\n")


def test_interrupted_making_of_hardware_says_only_that(capsys: pytest.CaptureFixture[str]) -> None:
    """Amaranth warns of every part that was made and not used, which here is what Ctrl-C does."""
    from amaranth.hdl import UnusedElaboratable

    def interrupted(_: object) -> Document:
        raise KeyboardInterrupt

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(Exception, match="130"):
            run("rtl", "x", interrupted, None)
        warnings.warn("half made", UnusedElaboratable, stacklevel=1)
        warnings.warn("another", UserWarning, stacklevel=1)
    assert [each.category for each in told] == [UserWarning]
    assert capsys.readouterr().err == "tileloom rtl: stopped; nothing was left half-written.\n"
