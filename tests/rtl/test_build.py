"""The build cache with stand-ins for the slow tools, and the Verilog itself."""

import json
import multiprocessing
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.import_edges import ROOT
from tileloom.hw import build as build_module
from tileloom.hw import verilator
from tileloom.hw.build import BuildError, build, cache_folder, locked, source_hash, verilog_text
from tileloom.hw.spec.config import Target, load_target

TEXT = "module tileloom; endmodule\n"


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], int]:
    """Stand-ins that make empty files; returns how often the compiler ran."""
    log = tmp_path / "log"

    def compile_model(_verilog: Path, _top: str, folder: Path, *, apart: str, jobs: int, split: int) -> None:
        folder.mkdir()
        with log.open("a") as file:
            file.write(f"{apart} {jobs} {split}\n")

    def link(_source: Path, _include: Path, _folder: Path, _top: str, _macros: dict[str, int], library: Path) -> None:
        library.write_bytes(b"library")

    monkeypatch.setattr(build_module, "compile_model", compile_model)
    monkeypatch.setattr(build_module, "link_library", link)
    monkeypatch.setattr(build_module, "verilog_text", lambda *_: TEXT)
    return lambda: len(log.read_text().splitlines()) if log.exists() else 0


def test_second_build_finds_the_first(tools: Callable[[], int], tmp_path: Path) -> None:
    target = load_target("small")
    lines: list[str] = []
    first = build(target, cache=tmp_path / "cache", progress=lines.append)
    again = build(target, cache=tmp_path / "cache", progress=lines.append)
    assert tools() == 1
    assert (first.library, first.verilog_hash) == (again.library, again.verilog_hash)
    assert [line.split()[0] for line in lines] == ["compiling", "linking"]
    manifest = json.loads(first.library.with_suffix(".json").read_text())
    assert manifest["target_hash"] == f"{target.hash:#018x}"
    assert manifest["verilog_hash"] == first.verilog_hash
    assert first.verilog.read_text() == TEXT


def _build_in_process(cache: Path) -> None:
    build(load_target("small"), cache=cache)


def test_processes_do_not_collide(tools: Callable[[], int], tmp_path: Path) -> None:
    """Six at once make one library (the stand-ins are inherited by the fork)."""
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_build_in_process, args=(tmp_path / "cache",)) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 6
    assert tools() == 1


def test_who_waits_says_so(tmp_path: Path) -> None:
    lines: list[str] = []
    held, ready = multiprocessing.Event(), multiprocessing.Event()

    def hold() -> None:
        with locked(tmp_path / "a"):
            held.set()
            ready.wait(30)

    def say(line: str) -> None:
        lines.append(line)
        ready.set()

    process = multiprocessing.get_context("fork").Process(target=hold)
    process.start()
    assert held.wait(30)
    with locked(tmp_path / "a", say):
        assert lines == ["waiting for another process that makes the same"]
    process.join(30)
    assert process.exitcode == 0


def test_a_full_cache_may_be_read_only(tmp_path: Path) -> None:
    # A folder in the lock's place, because the tests may run as a user whom no permission stops.
    (tmp_path / "a.lock").mkdir()
    with pytest.raises(BuildError, match="cannot be written"), locked(tmp_path / "a"):
        raise AssertionError("entered")
    (tmp_path / "a").write_text("made")
    with locked(tmp_path / "a"):
        assert (tmp_path / "a").read_text() == "made"


def test_failed_build_leaves_nothing(tools: Callable[[], int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        raise BuildError("the C++ compiler failed with status 1")

    with monkeypatch.context() as broken, pytest.raises(BuildError, match="failed with status 1"):
        broken.setattr(build_module, "link_library", fail)
        build(load_target("small"), cache=tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert build(load_target("small"), cache=tmp_path / "cache").library.exists()


def test_missing_tools_are_named_before_any_work(
    tools: Callable[[], int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(verilator, "SYSTEM_TOOLS", {"g++": "g++", "no-such-tool": "its-package"})
    with pytest.raises(BuildError, match="apt-get install its-package"):
        build(load_target("small"), cache=tmp_path / "cache")
    assert tools() == 0


def test_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TILELOOM_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("TILELOOM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder().name == "tileloom"
    (tmp_path / "file").touch()
    with pytest.raises(BuildError, match="set TILELOOM_CACHE to one that can"):
        verilog_text(load_target("small"), tmp_path / "file")


def test_a_failing_tool_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"the shell failed with status 3:\nhello"):
        verilator.run(["sh", "-c", "echo hello; exit 3"], tmp_path, "the shell")


def test_hardware_does_not_depend_on_name_clock_or_memory() -> None:
    target = load_target("small")
    renamed = Target(**{**target.to_dict(), "name": "other", "clock_hz": 1_000_000, "memory": target.memory})
    assert source_hash(target) == source_hash(renamed)
    assert source_hash(target) != source_hash(load_target("odd"))


def test_verilog_of_the_default_target() -> None:
    """At most 20,000 lines, each tile once, and nothing of this machine in it."""
    text = verilog_text(load_target("default"))
    assert text.count("\n") <= 20_000
    assert len(re.findall(r"^module tileloom_tile\s*\(", text, re.MULTILINE)) == 1
    assert re.search(r"^ *tileloom_tile +tile ", text, re.MULTILINE)
    assert not re.search(r"src *=|\.py", text)


def test_verilog_is_the_same_whoever_makes_it() -> None:
    """Another process, another hash seed, and another target made before it."""
    script = (
        "from tileloom.hw.spec.config import load_target\n"
        "from tileloom.hw.verilog import make_verilog\n"
        "make_verilog(load_target('mac25'))\n"
        "print(make_verilog(load_target('small')), end='')\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == verilog_text(load_target("small"))
