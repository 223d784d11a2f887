"""An unlisted skip fails a strict run, a listed one does not, whether of a test, a file or a doctest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.skip_policy import AllowedSkip, parse

ROOT = Path(__file__).parents[1]

TESTS = """
import pytest

def test_listed():
    pytest.skip("no TILELOOM_CASES here")

def test_unlisted():
    pytest.skip("no time")

@pytest.mark.xfail(strict=True)
def test_expected_failure():
    assert False
"""
FILE = """
import pytest
pytest.skip("no weather", allow_module_level=True)
"""
DOCTEST = '''
def sunny():
    """Whether the sun shines.

    >>> sunny()  # doctest: +SKIP
    True
    """
'''


def run(folder: Path, **environment: str) -> tuple[int, str]:
    """Exit status and output of a pytest run over three small files with the project's conftest."""
    (folder / "tests").mkdir()
    (folder / "tests" / "test_some.py").write_text(TESTS)
    (folder / "tests" / "test_weather.py").write_text(FILE)
    (folder / "tests" / "sun.py").write_text(DOCTEST)
    (folder / "tests" / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (folder / "pytest.ini").write_text("[pytest]\n")
    options = ["-p", "no:cacheprovider", "--doctest-modules", "--continue-on-collection-errors"]
    command = [sys.executable, "-m", "pytest", *options, "tests"]
    clean = {name: value for name, value in os.environ.items() if name not in {"CI", "TILELOOM_STRICT_SKIPS"}}
    clean |= {"PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("variable", [{"CI": "true"}, {"TILELOOM_STRICT_SKIPS": "1"}], ids=["CI", "variable"])
def test_strict_run_fails_for_unlisted_skips(tmp_path: Path, variable: dict[str, str]) -> None:
    status, output = run(tmp_path, **variable)
    assert status != 0
    assert (
        "tests/test_some.py::test_unlisted was skipped, which tests/allowed_skips.txt does not list: no time" in output
    )
    assert "tests/test_weather.py was skipped" in output
    assert "tests/sun.py::sun.sunny was skipped" in output
    assert "test_listed was skipped" not in output
    assert "test_expected_failure was skipped" not in output


def test_other_runs_skip(tmp_path: Path) -> None:
    status, output = run(tmp_path)
    assert status == 0
    assert "skipped, 1 xfailed" in output


def test_patterns_take_brackets_as_they_are() -> None:
    (skip,) = parse("tests/a.py::test[small] | needs *")
    assert skip.allows("tests/a.py::test[small]", "needs more")
    assert not skip.allows("tests/a.py::tests", "needs more")
    assert not skip.allows("tests/a.py::test[small]", "wants more")


def test_malformed_line_is_named() -> None:
    with pytest.raises(ValueError, match=r"Line 2 .* 'tests/a\.py'"):
        parse("# why\ntests/a.py\n")


def test_every_listed_skip_has_its_reason_above() -> None:
    lines = (ROOT / "tests" / "allowed_skips.txt").read_text().splitlines()
    for above, line in zip(["", *lines], lines, strict=False):
        if line and not line.startswith("#"):
            assert above, f"{line!r} has no comment above it"
    assert AllowedSkip("tests/*", "*TILELOOM_CASES*") in parse("\n".join(lines))
