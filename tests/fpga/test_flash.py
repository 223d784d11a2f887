"""Bitstreams into boards: the loader's command line, its failures, and a hint where it is not installed."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.face.command import tileloom
from tileloom.fpga.boards import BOARDS, find_board
from tileloom.fpga.build import BuildReport
from tileloom.fpga.flash import find_loader, flash
from tileloom.fpga.tools import BuildError
from tileloom.verbs import build as verb

ULX3S = find_board("ulx3s-85f")
REPORT = BuildReport(*("ulx3s-85f", "ulx3s", 16, True, 40_000_000, 50_000_000, 1, 1, 1, 1, 1, 1.0, 1, "top.bit", ()))


@pytest.fixture
def loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the loader's place, which notes its arguments and fails where the bitstream says so."""
    program = tmp_path / "loader"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\nprintf "Load: 50%%\\rLoad: 100%%\\n"\n'
        'if grep -q bad "$3"; then echo "unable to open ftdi device: -3"; exit 1; fi\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("OPENFPGALOADER", str(program))
    return tmp_path


def test_command(loader: Path) -> None:
    """Board and file."""
    bitstream = loader / "top.bit"
    bitstream.write_text("good")
    for board in BOARDS:
        flash(board, bitstream)
    assert (loader / "arguments").read_text().splitlines() == [f"--board {b.loader} {bitstream}" for b in BOARDS]


def test_failures(loader: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tool said last, a file that is missing, a tool that cannot run."""
    bitstream = loader / "top.bit"
    with pytest.raises(BuildError, match=r"is not there; make it with: tileloom build --board ulx3s-85f"):
        flash(ULX3S, bitstream)
    bitstream.write_text("bad")
    with pytest.raises(BuildError, match=r"\(status 1\): unable to open ftdi device: -3; check that the board"):
        flash(ULX3S, bitstream)
    monkeypatch.setenv("OPENFPGALOADER", str(loader / "nowhere"))
    with pytest.raises(BuildError, match=r"cannot be run \(No such file or directory\); check OPENFPGALOADER"):
        flash(ULX3S, bitstream)


def test_build_flashes_what_met_timing(loader: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bitstream whose timing is not met stays out of the board."""
    bitstream = loader / "top.bit"
    bitstream.write_text("good")
    for met in (True, False):
        report = replace(REPORT, timing_met=met, bitstream=str(bitstream))
        monkeypatch.setattr("tileloom.fpga.build.build_board", lambda *_, report=report: report)
        assert verb.build("ulx3s-85f", flash=True).flashed is met
        assert verb.build("ulx3s-85f").flashed is False
    assert len((loader / "arguments").read_text().splitlines()) == 1


def test_without_the_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line that installs it, before any work; nothing is written."""
    monkeypatch.delenv("OPENFPGALOADER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match=r"openFPGALoader is not installed.* apt-get install openfpgaloader"):
        find_loader()
    refused = tileloom("build", "--board", "ulx3s-85f", "--flash", "--output", tmp_path / "out")
    assert refused.status == 1 and "apt-get install openfpgaloader" in " ".join(refused.stderr.split())
    assert list(tmp_path.iterdir()) == []


def test_a_simulated_board_takes_no_bitstream(tmp_path: Path) -> None:
    """One sentence."""
    refused = tileloom("run", "digits_modern", "--board", "ulx3s-85f", "--port", "sim", "--flash", tmp_path / "x.bit")
    assert refused.status == 1 and "leave --flash out" in " ".join(refused.stderr.split())
