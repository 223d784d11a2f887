"""What the page says of itself gives the same page again, and its hashes are those of what was read."""

import hashlib
import html
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from tests.face.command import tileloom
from tests.face.networks import good, save
from tileloom.hw.spec.config import load_target
from tileloom.report.reproduction import digest

ROW = re.compile(r'<tr><th scope="row">(.*?)</th><td><code>(.*?)</code></td></tr>')


def again(page: str) -> dict[str, str]:
    """The last block of a page."""
    return {name: html.unescape(value) for name, value in ROW.findall(page)}


def test_the_command_gives_the_same_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path, good())
    frames = np.random.default_rng(0).normal(size=(4, 3, 8, 8)).astype(np.float32)
    np.savez("frames.npz", x=frames)
    Path("mine.toml").write_text("tiles_x = 1\ntiles_y = 1\n")
    words = ["report", "net.onnx", "--target", "mine.toml", "--input", "frames.npz", "--calibration", "frames.npz"]
    words += [
        "--seed",
        "5",
        "--output",
        "page.html",
        "--csv",
        "layers.csv",
        "--want",
        "cycles<=1e6",
        "--method",
        "minmax",
    ]
    assert tileloom(*words).status == 0
    first = Path("page.html").read_text()
    said = again(first)
    command = shlex.split(said["command"])
    assert command[0] == "tileloom"
    Path("page.html").unlink()
    assert tileloom(*command[1:]).status == 0
    assert Path("page.html").read_text() == first
    assert tileloom(*[word.replace("minmax", "mse") for word in command[1:]]).status == 0
    assert Path("page.html").read_text() != first
    for name, file in (("model", "net.onnx"), ("input", "frames.npz"), ("target file", "mine.toml")):
        assert said[f"{name}, SHA-256"] == hashlib.sha256(Path(file).read_bytes()).hexdigest()
    assert said["target hash"] == f"{load_target('mine.toml').hash:016x}"
    assert said["seed"] == "5"
    assert {"tileloom", "Python", "libraries", "ranges chosen from", "program, SHA-256"} <= set(said)
    assert str(tmp_path) not in first, "no path but those that the user named"


def test_digest_of_a_folder_sees_names_and_contents(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "a").write_bytes(b"1")
    one = digest(folder)
    (folder / "a").rename(folder / "b")
    other = digest(folder)
    (folder / "b").write_bytes(b"2")
    assert len({one, other, digest(folder)}) == 3
