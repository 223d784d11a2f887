"""Builds with programs in the place of the tools: seeds, cache, the slowest path, the largest grid, programs."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from amaranth import Elaboratable, Module, Signal
from amaranth.lib import io

from tests.face.command import tileloom
from tests.fpga.fake_tools import install
from tileloom.fpga.boards import find_board
from tileloom.fpga.build import build_board, identity
from tileloom.fpga.largest import candidates, largest, largest_grid, write_target
from tileloom.fpga.timing_path import nearest_fix
from tileloom.fpga.tools import BuildError, Step, run_step
from tileloom.hw.spec.config import Target, load_target
from tileloom.verbs.build import build

BOARD = find_board("ulx3s-85f")
BASE = load_target("ulx3s")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Calls of the programs in the tools' places."""
    folder = tmp_path / "tools"
    folder.mkdir()
    return install(folder, monkeypatch)


def count(calls: Path, name: str) -> int:
    """How often a tool was called."""
    return sum(line.startswith(name) for line in calls.read_text().splitlines())


def test_seeds_sweep_and_the_fastest_stays(calls: Path, tmp_path: Path) -> None:
    """Synthesis once; clocks 59, 60, 58, 59 MHz of seeds 1 to 4."""
    said: list[str] = []
    found = build_board(BOARD.name, tmp_path / "out", BASE, range(1, 5), said.append)
    assert (found.seed, found.clock_hz_achieved, found.cached) == (2, 60_000_000, False)
    assert found.seeds == {1: 59_000_000, 2: 60_000_000, 3: 58_000_000, 4: 59_000_000}
    assert (tmp_path / "out" / "top.bit").read_text() == "seed 2"
    assert [count(calls, name) for name in ("yosys", "nextpnr", "ecppack")] == [1, 4, 1]
    assert "seed 4 of 4: 59.0 MHz" in said
    written = json.loads((tmp_path / "out" / "build.json").read_text())
    assert written["seeds"]["2"] == 60_000_000
    assert len((tmp_path / "out" / "commands.txt").read_text().splitlines()) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "tools"]


def test_what_is_built_is_not_built_again(calls: Path, tmp_path: Path) -> None:
    """Into another folder: no tool runs; another seed: place and route alone; another clock: everything."""
    first = build_board(BOARD.name, tmp_path / "one")
    before = calls.read_text()
    said: list[str] = []
    again = build_board(BOARD.name, tmp_path / "two", progress=said.append)
    assert said == ["already built"]
    assert calls.read_text() == before
    assert again == replace(first, cached=True, bitstream=str(tmp_path / "two" / "top.bit"))
    assert not build_board(BOARD.name, tmp_path / "two", seeds=(7,)).cached
    assert [count(calls, name) for name in ("yosys", "nextpnr")] == [1, 2]
    build_board(BOARD.name, tmp_path / "two", replace(BASE, clock_hz=41_000_000))
    assert count(calls, "yosys") == 2


def test_identity_knows_what_a_bitstream_depends_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    one = identity(BOARD, BASE)
    assert one == identity(BOARD, BASE)
    tool = tmp_path / "yosys"
    tool.touch()
    others = [
        identity(replace(BOARD, memory_bytes=1024), BASE),
        identity(BOARD, replace(BASE, clock_hz=1_000_000)),
        identity(BOARD, replace(BASE, lanes=2)),
    ]
    monkeypatch.setenv("YOSYS", str(tool))
    others.append(identity(BOARD, BASE))
    assert len({one, *others}) == 5


def test_a_missed_clock_names_path_and_fix(calls: Path, tmp_path: Path) -> None:
    """Near: another seed; far: a slower clock; always what makes the path's end faster."""
    for megahertz, first in ((62, "try other seeds (--seeds 8), or ask for 59 MHz"), (90, "ask for 59 MHz")):
        found = build_board(BOARD.name, tmp_path / "out", replace(BASE, clock_hz=megahertz * 1_000_000))
        assert not found.timing_met
        assert found.fix.startswith(first)
        assert found.fix.endswith("(clock_hz = 59_000_000 in the target), or take fewer lanes")
    assert found.critical_path == (
        "smart DMA, loader, left in elements.walk -> tile, MAC array, sum_0 in datapath.array: 16.0 ns, of which "
        "15.0 ns are wires, 1 cells, through smart DMA, loader and tile, MAC array (lines hw/dma/element_walk.py:77)"
    )
    assert nearest_fix(None, {}, 100, 99).startswith("try other seeds")


def test_the_largest_grid(calls: Path, tmp_path: Path) -> None:
    """The tools place 140 MACs and reach 63 - MACs / 4 MHz: at 30 MHz grids of up to 132; few are built."""
    base = replace(BASE, clock_hz=30_000_000)
    row = candidates(BOARD, base)
    sizes = [target.macs_per_cycle for target in row]
    assert sizes[0] == 16
    assert all(later >= 1.15 * sooner for sooner, later in pairwise(sizes))
    assert max(sizes) <= BOARD.device_dsp
    found = largest_grid(BOARD, base, tmp_path / "out")
    assert found.macs_per_cycle == max(size for size in sizes if 63 - size / 4 >= 30)
    assert count(calls, "nextpnr") <= len(row).bit_length()
    assert load_target(write_target(found, tmp_path)).hash == found.hash
    assert sorted(path.suffix for path in tmp_path.iterdir()) == ["", ".toml"]
    with pytest.raises(BuildError, match="no grid meets the clock of 100 MHz; ask for less in the target"):
        largest_grid(BOARD, replace(BASE, clock_hz=100_000_000), tmp_path / "out")


def test_where_no_grid_fits_few_are_tried() -> None:
    """By bisection; whatever fails ends the row."""
    tried = []

    def attempt(target: object) -> bool:
        tried.append(target)
        return False

    with pytest.raises(BuildError, match="no grid meets"):
        largest([BASE, BASE, BASE], attempt)
    assert len(tried) == 2


def test_the_program_beside_the_bitstream(calls: Path, tmp_path: Path) -> None:
    """Frames per second are the achieved clock over the cycles; a network that does not fit is refused before work."""
    document = build(BOARD.name, output=tmp_path / "out", model="digits_modern")
    assert document.program == str(tmp_path / "out" / "digits_modern.tlp")
    assert Path(document.program).stat().st_size > 1000
    assert document.cycles is not None
    assert document.frames_per_s == pytest.approx(document.clock_hz_achieved / document.cycles)
    again = tileloom("build", "--board", BOARD.name, "--output", tmp_path / "out", "--model", "digits_modern")
    assert again.status == 0
    assert "Already built" in again.stdout
    assert "frames per second" in again.stdout


def test_a_program_too_large_for_the_board(calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tileloom.fpga.boards.BOARDS", (replace(BOARD, memory_bytes=8192),))
    with pytest.raises(Exception, match=r"must fit the 8,192 bytes of memory of board ulx3s-85f"):
        build(BOARD.name, output=tmp_path / "out", model="digits_modern")
    assert not calls.exists()


def test_a_failed_step_leaves_its_log(calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no output; what was synthesised stays in the cache."""
    calls.with_name("template.json").unlink()
    with pytest.raises(BuildError, match=r"place and route failed with status 1: .*template\.json"):
        build_board(BOARD.name, tmp_path / "out")
    assert (tmp_path / "out.failed" / "place_and_route.log").exists()
    assert not (tmp_path / "out").exists()


def test_a_step_says_time_and_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tileloom.fpga.tools.SAY_SECONDS", 0.1)
    said: list[str] = []
    report = run_step(Step("a nap", ("sleep", "0.5"), tmp_path / "log"), tmp_path, said.append)
    assert report.seconds >= 0.5
    assert 0 < report.peak_megabytes < 500  # and not what the tests themselves have in use
    assert said and all(line.startswith("a nap: 0 s, ") or line.startswith("a nap: 1 s, ") for line in said)


class Blinker(Elaboratable):
    """In the place of a board's top level: a counter behind the oscillator's pin, 200 bits long."""

    def __init__(self, board: object, target: Target) -> None:
        self.clock_hz = target.clock_hz

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        count = Signal(200)
        m.d.sync += count.eq(count + 1)
        m.submodules.led = led = io.Buffer("o", platform.request("led", 0, dir="-"))
        m.d.comb += led.o.eq(count[-1])
        return m


@pytest.mark.full
def test_with_the_real_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seeds; the slowest path is the counter's carry; a second build is found."""
    monkeypatch.setenv("TILELOOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("tileloom.fpga.board_top.BoardTop", Blinker)
    fast = replace(BASE, clock_hz=1_000_000_000)
    found = build_board(BOARD.name, tmp_path / "out", fast, (1, 2))
    assert not found.timing_met and "clock_hz = " in found.fix
    assert found.clock_hz_achieved == max(found.seeds.values()) > 10_000_000
    assert 100 <= found.lut < 1000 and 200 <= found.ff < 300
    assert "ns are wires" in found.critical_path
    assert found.peak_megabytes > 50
    assert {"top.bit", "top.svf", "report.json", "synthesis.log", "build.json"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }
    assert build_board(BOARD.name, tmp_path / "again", fast, (1, 2)).cached
