"""`make demo` and `make test` name every missing system package in the one line that installs it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.import_edges import ROOT

SHELL = shutil.which("sh") or "/bin/sh"


def check(programs: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The check with nothing installed but what lies in the folder ``programs``."""
    command = [SHELL, str(ROOT / ".ci" / "system-packages")]
    variables = {"PATH": str(programs), **environment}
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)


def program(folder: Path, name: str, text: str = "exit 0") -> None:
    """Put a shell script into the folder."""
    path = folder / name
    path.write_text(f"#!{SHELL}\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ([], "python3 python3-venv libpython3-dev g++ make perl"),
        (["python3"], "g++ make perl"),
        (["python3", "g++", "make"], "perl"),
        (["g++", "perl"], "python3 python3-venv libpython3-dev make"),
    ],
)
@pytest.mark.parametrize(("user", "sudo"), [("0", ""), ("1000", "sudo ")])
def test_one_line_names_all_that_is_missing(
    tmp_path: Path, there: list[str], missing: str, user: str, sudo: str
) -> None:
    program(tmp_path, "id", f"echo {user}")
    for name in there:
        program(tmp_path, name)
    done = check(tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"Missing system packages. Install them with: {sudo}apt-get install --yes {missing}\n"


def test_python_without_venv_and_without_shared_library(tmp_path: Path) -> None:
    """The stand-in answers the version check and fails at everything else."""
    for name in ("g++", "make", "perl"):
        program(tmp_path, name)
    program(tmp_path, "id", "echo 0")
    program(tmp_path, "python3", 'case "$2" in *version_info*) exit 0;; *) exit 1;; esac')
    assert check(tmp_path).stderr.endswith("apt-get install --yes python3-venv libpython3-dev\n")


def test_old_python_is_named(tmp_path: Path) -> None:
    program(tmp_path, "python3.9", 'case "$1" in -V) echo Python 3.9.2;; *) exit 1;; esac')
    done = check(tmp_path, PYTHON="python3.9")
    assert done.returncode == 1
    assert "python3.9 is Python 3.9.2, but tileloom needs Python 3.11 or newer" in done.stderr


def test_nothing_is_said_when_all_is_there(tmp_path: Path) -> None:
    for name in ("g++", "make", "perl"):
        program(tmp_path, name)
    done = check(tmp_path, PYTHON=sys.executable)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
