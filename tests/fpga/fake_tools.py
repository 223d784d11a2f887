"""Programs in the place of yosys, nextpnr and the packer: they take no time, and note that they were called."""

import json
import stat
import sys
from pathlib import Path

import pytest

from tileloom.fpga.boards import Board
from tileloom.hw.spec.config import Target

WALK = "system.core.accelerator.dma.elements.walk"
ARRAY = "system.core.accelerator.grid.tile_0.datapath.array"
SCRIPT = """\
#!{python}
import json, sys
from pathlib import Path
calls = Path({calls!r})
calls.write_text((calls.read_text() if calls.exists() else "") + {name!r} + " " + " ".join(sys.argv[1:]) + "\\n")
{body}
"""
YOSYS = """\
module = {"ports": {}, "cells": {}, "netnames": {}}
Path("top.json").write_text(json.dumps({"modules": {"top": module}}))
"""
NEXTPNR = """\
seed, macs = int(sys.argv[sys.argv.index("--seed") + 1]), int(Path("top.lpf").read_text())
if macs > 140:
    sys.exit("ERROR: Unable to place cell")
report = json.loads(Path({report!r}).read_text())
report["fmax"]["clock"]["achieved"] = 62.0 + seed % 3 - macs / 4
Path("report.json").write_text(json.dumps(report))
Path("top.config").write_text(f"seed {{seed}}")
"""
ECPPACK = """\
Path("top.bit").write_text(Path("top.config").read_text())
Path("top.svf").write_text("svf")
"""


def step(kind: str, delay: float, one: str, other: str, *sources: str) -> dict[str, object]:
    """A step of a path in nextpnr's report."""
    return {"type": kind, "delay": delay, "from": {"cell": one}, "to": {"cell": other}, "sources": list(sources)}


def report() -> dict[str, object]:
    """Nextpnr's report, with a path from the loader's walk to the MAC array."""
    start, logic, end = f"{WALK}.left_TRELLIS_FF_Q_9", f"{WALK}.$signal_LUT4_D_2_Z", f"{ARRAY}.sum_0_TRELLIS_FF_Q"
    path = [
        step("clk-to-q", 0.5, start, start),
        step("routing", 6.0, start, logic, "somewhere/tileloom/hw/dma/element_walk.py:77", "share/cells_map.v:1"),
        step("logic", 0.25, logic, logic),
        step("routing", 9.0, logic, end),
        step("setup", 0.25, end, end),
    ]
    other = {"from": "<async>", "to": "posedge clock", "path": [step("source", 0, "pin", "pin")]}
    return {
        "fmax": {"clock": {"achieved": 0.0, "constraint": 40}, "oscillator": {"achieved": 1.0, "constraint": 1}},
        "utilization": {
            "TRELLIS_COMB": {"used": 15_000, "available": 83_640},
            "TRELLIS_FF": {"used": 12_000, "available": 83_640},
            "MULT18X18D": {"used": 23, "available": 156},
            "DP16KD": {"used": 96, "available": 208},
            "PCSCLKDIV": {"used": 0, "available": 2},
        },
        "critical_paths": [other, {"from": "posedge clock", "to": "posedge clock", "path": path}],
    }


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the programs into ``folder`` and in the tools' places; the file of their calls."""
    calls = folder / "calls.txt"
    (folder / "template.json").write_text(json.dumps(report()))
    nextpnr = NEXTPNR.format(report=str(folder / "template.json"))
    for name, body in {"YOSYS": YOSYS, "NEXTPNR_ECP5": nextpnr, "ECPPACK": ECPPACK}.items():
        program = folder / name.lower()
        program.write_text(SCRIPT.format(python=sys.executable, calls=str(calls), name=name.lower(), body=body))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv(name, str(program))
    monkeypatch.setenv("TILELOOM_CACHE", str(folder / "cache"))
    monkeypatch.setattr("tileloom.fpga.build._generate", generate)
    return calls


def generate(board: Board, target: Target, folder: Path) -> tuple[int, list[str]]:
    """In the place of Amaranth: the constraints file tells the number of MACs."""
    (folder / "top.ys").write_text("script")
    (folder / "top.lpf").write_text(str(target.macs_per_cycle))
    return target.clock_hz, ["--85k", "--package", board.name]
