"""Waves on request: a file that begins as FST must, the nets that the view names, and their decoded names."""

import struct
from pathlib import Path

import pytest

from tests.face.command import tileloom
from tileloom.activity.waves import view
from tileloom.hw.build import verilog_text
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.isa import Opcode
from tileloom.hw.spec.registers import Cause
from tileloom.sim.activity.netlist import read_netlist

SMALL = load_target("small")
HEADER, HIERARCHY = 0, 6
"""Kinds of blocks of an FST file: the second one compressed with LZ4."""


def blocks(data: bytes) -> dict[int, bytes]:
    """The last block of each kind: a byte of kind, eight of length (which it counts itself), contents."""
    found, place = {}, 0
    while place < len(data):
        (size,) = struct.unpack_from(">Q", data, place + 1)
        found[data[place]] = data[place + 9 : place + 1 + size]
        place += 1 + size
    return found


def literals(block: bytes) -> bytes:
    """What an LZ4 block of literals alone holds."""
    size, place = block[0] >> 4, 1
    if size == 15:
        while True:
            size, place = size + block[place], place + 1
            if block[place - 1] < 255:
                break
    assert block[0] & 15 == 0 and place + size == len(block)
    return block[place:]


def test_the_view_names_nets_that_there_are(tmp_path: Path) -> None:
    """Every net of the view stands in the Verilog of its instance, as wide as the view says."""
    text = verilog_text(SMALL)
    paths = {".".join(path) for path, _ in read_netlist(text).walk()}
    files = view(SMALL, tmp_path / "x.fst")
    shown = files[tmp_path / "x.gtkw"]
    nets = [line for line in shown.splitlines() if line.startswith("tileloom.")]
    assert len(nets) > 8
    for net in nets:
        path, _, name = net.removeprefix("tileloom.tileloom.").rpartition(".")
        assert path in paths, net
        plain, _, size = name.partition("[")
        assert (f"[{size} {plain}" if size else plain) in text, net
    for place in files:
        assert place.suffix == ".gtkw" or place.name in shown
    assert "02 LOAD\n" in files[tmp_path / "x.opcodes.txt"]
    assert files[tmp_path / "x.opcodes.txt"].count("\n") == len(Opcode)
    assert files[tmp_path / "x.causes.txt"].splitlines()[Cause.SLOT] == "7 SLOT"
    assert files[tmp_path / "x.states.txt"].splitlines() == ["0 IDLE", "1 CHECK", "2 RUN"]


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("--output", "x.vcd"), "waves are written in the format FST, not x.vcd"),
        (("--window", "7"), "a window must be FIRST:LAST in cycles"),
    ],
)
def test_wrong_requests_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], rule: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = tileloom("waves", "lenet5", "--target", "small", *words)
    assert outcome.status == 1
    assert rule in outcome.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.full
def test_waves_of_a_window(tmp_path: Path) -> None:
    """Times in the header are those of the window, and the hierarchy holds the machine."""
    path = tmp_path / "digits.fst"
    outcome = tileloom("waves", "digits_modern", "--target", "small", "--window", "100:300", "--output", path)
    assert outcome.status == 0, outcome.stderr
    found = blocks(path.read_bytes())
    start, end = struct.unpack_from(">QQ", found[HEADER])
    assert end - start == 200 * 20_000  # picoseconds at 50 MHz
    (size,) = struct.unpack_from(">Q", found[HIERARCHY])
    hierarchy = literals(found[HIERARCHY][8:])
    assert len(hierarchy) == size
    for name in (b"tile_0", b"sequencer", b"header", b"cause"):
        assert name in hierarchy
