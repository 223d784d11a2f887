"""``explore --verify-best``: the front's first point on the RTL in the same command; a difference fails it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.face.command import tileloom
from tileloom import api
from tileloom.document import without_kind
from tileloom.explore.best import verify_best
from tileloom.explore.space import read_space
from tileloom.explore.variant import Sample, make_variants
from tileloom.model_argument import find

ALONE = """
base = "small"
[vary]
lanes = [4]
"""
"""The preset itself, whose RTL other tests need, too."""
TINY = """
base = "small"
[vary]
lanes = [3, 4]
window_bytes = [4096, 8192]
[bits]
weights = [4, 16]
activations = [8]
"""


def test_best_of_one_point_and_what_a_false_point_says(tmp_path: Path) -> None:
    path = tmp_path / "space.toml"
    path.write_text(ALONE)
    document = api.explore("digits_modern", space=path, processes=1, cached=False, verify_best=True)
    found = document.verified
    assert found is not None and found.is_equal and document.problems == () and without_kind(document.to_json()) == []
    assert found.elements > 1000 and found.mismatches == 0
    (point,) = document.front
    assert found.cycles_rtl == found.cycles_simulated == point.cycles
    assert "Proven on the RTL" in document.tables()[1].note

    (candidate,), _ = read_space(path).candidates(1, 0)
    (variant,) = make_variants(find("digits_modern"), [candidate], None, Sample(), 0).values()
    for false in (replace(point, cycles=(point.cycles or 0) + 1), replace(point, program_hash="0" * 32)):
        checked, problems = verify_best(false, variant, 0)
        assert not checked.is_equal and [each.code for each in problems] == ["TL410"]


@pytest.mark.full
def test_command_on_a_tiny_space(tmp_path: Path) -> None:
    path = tmp_path / "space.toml"
    path.write_text(TINY)
    out = tmp_path / "found.json"
    ran = tileloom("explore", "digits_modern", "--space", path, "--objective", "accuracy", "--verify-best", "--anew",
                   "--objective", "frames_per_s", "--json", out)  # fmt: skip
    assert ran.status == 0, ran.stderr
    found = json.loads(out.read_text())
    verified, best = found["verified"], found["front"][0]
    assert found["points"] == 8 and verified["target_hash"] == best["target_hash"]
    assert verified["cycles_rtl"] == verified["cycles_simulated"] == best["cycles"]
    assert verified["program_equal"] and verified["trace_equal"] and verified["stalls_equal"]
    assert verified["mismatches"] == 0 and verified["elements"] > 1000
    assert "Proven on the RTL" in ran.stdout
