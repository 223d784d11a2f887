"""Files are written whole or not at all."""

import os
from pathlib import Path

import pytest

from tests.rtl.tiny_program import tiny_program
from tileloom.compiler.problems import ModelError
from tileloom.files import make_folder, write
from tileloom.hw.spec.config import load_target


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


def test_a_link_stays(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    write(tmp_path / "there" / "a", "old")
    (tmp_path / "link").symlink_to(Path("there") / "a")
    (tmp_path / "lost").symlink_to(Path("none") / "a")
    write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "a").read_text() == "new"
    with pytest.raises(ModelError, match=r"TL408 .*lost: the file cannot be written \(there is no folder .*none\)"):
        write(tmp_path / "lost", "text")


@pytest.mark.parametrize("how", ["write", "save"])
def test_a_pipe_is_written_to_and_stays(tmp_path: Path, how: str) -> None:
    """As root, replacing /dev/null by a file would break the machine."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    if how == "write":
        write(pipe, "text")
        assert os.read(reader, 100) == b"text"
    else:
        program = tiny_program(load_target("small"))
        program.save(pipe)
        assert os.read(reader, 1 << 20)[:100] == program.to_bytes()[:100]
    os.close(reader)
    assert pipe.is_fifo()
    assert os.listdir(tmp_path) == ["pipe"]


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"TL408 .*a: the file cannot be written \(there is no folder .*none\)"):
        write(tmp_path / "none" / "a", "text")


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(ModelError, match="it is a folder"):
        write(tmp_path / "a", "text")
    assert os.listdir(tmp_path) == ["a"]


def test_a_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("text")
    with pytest.raises(ModelError, match=r"TL408 .*the folder cannot be made \(it is a file\)"):
        make_folder(tmp_path / "a")
    make_folder(tmp_path / "b" / "c")
    make_folder(tmp_path / "b" / "c")
    assert (tmp_path / "b" / "c").is_dir()
