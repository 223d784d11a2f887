"""Every command of the README runs, in order, in one folder, as a newcomer would type them."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.import_edges import ROOT
from tileloom.cli import app
from tileloom.compiler.operator_table import operator_table

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
TOUR = README.partition("## Five minutes")[2].partition("## Where things are")[0]
TOUR_BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TOUR, re.DOTALL | re.MULTILINE)
VERBS = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}


def environment() -> dict[str, str]:
    """The interpreter's own programs first on the path, the checkout importable."""
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": paths, "PYTHONPATH": str(ROOT)}


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_block(kind: str, text: str, folder: Path) -> Iterator[str]:
    """Save a block that begins with a file's name, run any other."""
    title = re.match(r"# (\S+\.(py|toml))\n", text)
    if title:
        (folder / title[1]).write_text(text)
    elif kind == "python":
        yield run([sys.executable, "-c", text], folder)
    elif kind == "sh":
        for line in text.splitlines():
            words = shlex.split(line)
            if words[0] == "tileloom":
                words = [sys.executable, "-m", "tileloom.cli", *words[1:]]
            yield run(words, folder)


def test_the_tour(tmp_path: Path) -> None:
    (_, entering), *blocks = TOUR_BLOCKS
    assert entering.split("\n") == [". .venv/bin/activate", "mkdir -p ~/tour && cd ~/tour", ""]
    assert "VENV := .venv\n" in (ROOT / "Makefile").read_text()
    outputs = [output for kind, text in blocks for output in run_block(kind, text, tmp_path)]
    whole = "\n".join(outputs)
    floats, codes = (float(re.search(rf"{name} accuracy ([\d.]+)%", whole)[1]) for name in ("float", "int8"))  # type: ignore[index]
    assert floats > 85
    assert codes >= floats - 1.5
    assert (
        (tmp_path / "my_machine" / "registers.h").read_text().startswith("/* Registers of the tileloom machine small")
    )


def test_make_knows_the_two_commands() -> None:
    block = next(text for kind, text in BLOCKS if kind == "sh")
    assert block.split("\n") == ["make demo", "make test", ""]
    assert "bin/tileloom demo" in run(["make", "--dry-run", "--always-make", "demo"], ROOT)
    assert "bin/python -m pytest" in run(["make", "--dry-run", "--always-make", "test"], ROOT)


def test_every_verb_in_the_text_exists() -> None:
    named = set(re.findall(r"tileloom (\w+)", " ".join(re.findall(r"`tileloom [^`]*`", README))))
    assert named
    assert named <= VERBS


def test_every_path_in_the_text_exists() -> None:
    for path in re.findall(r"`((?:hw|sim|compiler|models|fpga|tests|docs|tileloom)/[\w/.]*)`", README):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"\]\((docs/[\w/.]*)\)", README):
        assert (ROOT / path).exists(), path


def test_the_operator() -> None:
    import numpy as np

    from tileloom.compiler.frontend import quantise, take_model
    from tileloom.compiler.quantised_io import dequantise_output, quantise_input
    from tileloom.compiler.reference import evaluate

    text = next(text for _, text in BLOCKS if text.startswith("# compiler/operators/neg.py\n"))
    assert text.partition("\n")[2] == (ROOT / "compiler/operators/neg.py").read_text()
    supported = operator_table()["Neg"]
    assert supported.description.startswith("Neg is a gain of -1")
    alone, behind = supported.examples
    frames = np.random.default_rng(5).normal(0, 1, (8, *alone.input[1:])).astype(np.float32)
    graph = quantise(take_model(alone.model()), {"x": frames})
    codes = evaluate(graph, {"x": quantise_input(graph.tensors["x"], frames)})["y"]
    output = graph.tensors["y"]
    assert np.abs(dequantise_output(output, codes) + frames).max() <= 2 * (output.scale + graph.tensors["x"].scale)
    folded = quantise(take_model(behind.model()), {"x": np.ones((2, *behind.input[1:]), np.float32)})
    assert len(folded.operators) == 1
