"""Files are written whole or not at all."""

import os
from pathlib import Path

import pytest

from tileloom.compiler.problems import ModelError
from tileloom.files import write


def test_written_whole(tmp_path: Path) -> None:
    write(tmp_path / "a", "text")
    write(tmp_path / "a", b"bytes")
    assert (tmp_path / "a").read_bytes() == b"bytes"
    assert os.listdir(tmp_path) == ["a"]


def test_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a", "old")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"TL408 .*none.*No such file or directory"):
        write(tmp_path / "none" / "a", "text")


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(ModelError, match="TL408"):
        write(tmp_path / "a", "text")
    assert os.listdir(tmp_path) == ["a"]
