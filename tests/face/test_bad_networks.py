"""Bad networks through the command line: one clear sentence with a code, exit status 1, nothing half-written."""

import re
from pathlib import Path

import pytest

from tests.face.command import Outcome, tileloom
from tests.face.networks import BAD, good, save

SENTENCE = re.compile(r"^(TL\d{3}) \S.*: .*; .*\.$")
VERBS: dict[str, list[str]] = {
    "check": [],
    "compile": ["--output", "net.tlp"],
    "simulate": [],
    "verify": ["--engine", "cycle"],
}


def sentences(outcome: Outcome) -> list[str]:
    """Codes of standard error's lines, each of which must be a sentence."""
    matches = [SENTENCE.match(line) for line in outcome.stderr.splitlines() if not line.endswith("...")]
    assert all(matches), outcome.stderr
    return [match[1] for match in matches if match]


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("fault", BAD)
def test_bad_network(tmp_path: Path, verb: str, fault: str) -> None:
    code, build = BAD[fault]
    path = save(tmp_path, build())
    outcome = tileloom(verb, path, *VERBS[verb], "--json", "result.json")
    assert outcome.status == 1
    assert code in sentences(outcome)
    left = {file.name for file in tmp_path.iterdir()}
    assert left == {"net.onnx", "result.json"}


@pytest.mark.parametrize("verb", VERBS)
def test_truncated_network(tmp_path: Path, verb: str) -> None:
    path = tmp_path / "cut.onnx"
    path.write_bytes(good().SerializeToString()[:-40])
    outcome = tileloom(verb, path, *VERBS[verb])
    assert outcome.status == 1
    assert sentences(outcome) == ["TL102"]
    assert [file.name for file in tmp_path.iterdir()] == ["cut.onnx"]


@pytest.mark.parametrize("verb", VERBS)
def test_no_such_model(tmp_path: Path, verb: str) -> None:
    outcome = tileloom(verb, "nothing", *VERBS[verb])
    assert (outcome.status, outcome.stdout) == (1, "")
    assert sentences(outcome) == ["TL401"]
    assert "lenet5" in outcome.stderr


def test_problem_names_the_users_line(tmp_path: Path) -> None:
    path = save(tmp_path, BAD["unsupported operator"][1]())
    problem = tileloom("check", path, "--json", "-").document["problems"][0]
    assert (problem["code"], problem["node"], problem["source"]) == ("TL201", "node_y", "net.py:7")
    assert set(problem) == {"code", "node", "source", "rule", "value", "fix"}


def test_good_network(tmp_path: Path) -> None:
    outcome = tileloom("check", save(tmp_path, good()), "--json", "-")
    assert (outcome.status, outcome.stderr) == (0, "")
    assert outcome.document["accepted"] is True
    assert outcome.document["problems"] == []
