"""``python -m tileloom.fpga.block_clock``: how fast one block of the machine is by itself, and its slowest path.

The block stands alone on an ECP5 of speed grade 6, every input behind a register and every output before one, so that
what is measured is the block and a path through it. Figures are placed and routed.
"""

import argparse
import functools
import importlib
import json
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.fpga.area import _target
from tileloom.fpga.tools import BuildError, Step, find_tool, run_step
from tileloom.hw.spec.config import Target, TargetError

BLOCKS = {
    "tile": "tile.tile:Tile",
    "smart_dma": "dma.smart_dma:SmartDma",
    "load_addresses": "dma.load_addresses:LoadAddresses",
    "loader": "dma.loader:Loader",
    "weight_stream": "dma.weight_stream:WeightStream",
    "store": "dma.store:StoreAddresses",
    "write_path": "dma.write_path:WritePath",
    "read_path": "dma.read_path:ReadPath",
    "program_fetch": "dma.program_fetch:ProgramFetch",
    "sequencer": "sequencer:Sequencer",
    "registers": "registers_axi:RegistersAxi",
    "datapath": "tile.datapath:Datapath",
    "back_end": "tile.back_end:BackEnd",
    "unit_control": "tile.unit_control:UnitControl",
    "loop_nest": "tile.loop_nest:LoopNest",
    "accelerator": "accelerator:Accelerator",
}
"""Blocks of ``tileloom.hw`` that are made from a target."""


class Alone(wiring.Component):
    """A block with one bit in, which fills all inputs, and one bit out, which depends on all outputs."""

    def __init__(self, block: wiring.Component) -> None:
        self.block = block
        super().__init__({"i": In(1), "o": Out(1)})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.block = self.block
        ins: list[Value] = []
        outs: list[Value] = []
        for _, member, value in self.block.signature.flatten(self.block):
            (ins if member.flow == In else outs).append(Value.cast(value))
        given, taken = Cat(ins), Cat(outs)
        chain = Signal(len(given), reset_less=True)
        m.d.sync += chain.eq(Cat(self.i, chain[:-1]))
        m.d.comb += given.eq(chain)
        bits = Signal(len(taken), reset_less=True)
        m.d.sync += bits.eq(taken)
        level = 0
        while len(bits) > 1:
            folded = Signal(-(-len(bits) // 4), reset_less=True, name=f"folded_{level}")
            m.d.sync += folded.eq(Cat(bits[i : i + 4].xor() for i in range(0, len(bits), 4)))
            bits, level = folded, level + 1
        m.d.comb += self.o.eq(bits)
        return m


def measure(name: str, target: Target, folder: Path, frequency: int = 110) -> dict[str, Any]:
    """Clock in MHz, cells, and the cells and nets of the slowest path."""
    yosys, nextpnr = find_tool("yosys"), find_tool("nextpnr-ecp5")
    top = Alone(make_block(name, target))
    text = rtlil.convert(top, "top", ports=[top.i, top.o], emit_src=False)
    (folder / "top.il").write_text(text, encoding="utf-8")
    script = (
        "read_rtlil top.il\nsetparam -set COLLISION_X_MASK 1'1 t:$memrd_v2\nsynth_ecp5 -abc9 -top top -json top.json\n"
    )
    (folder / "top.ys").write_text(script, encoding="utf-8")
    run_step(Step("synthesis", (yosys, "-q", "top.ys"), folder / "synthesis.log"), folder)
    options = ("--85k", "--package", "CABGA381", "--speed", "6", "--freq", str(frequency), "--seed", "1")
    command = (nextpnr, *options, "--json", "top.json", "--report", "report.json", "--timing-allow-fail")
    run_step(Step("place and route", command, folder / "place.log"), folder)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    clock = min(value["achieved"] for value in report["fmax"].values())
    used = {kind: int(value["used"]) for kind, value in report["utilization"].items() if value["used"]}
    return {"block": name, "target": target.name, "mhz": round(clock, 1), "cells": used, "path": _path(report)}


def make_block(name: str, target: Target) -> wiring.Component:
    """The block of that name in :data:`BLOCKS`."""
    module, kind = BLOCKS[name].split(":")
    make: Callable[[Target], wiring.Component] = getattr(importlib.import_module(f"tileloom.hw.{module}"), kind)
    return make(target)


def _path(report: dict[str, Any]) -> list[str]:
    """Each step of the slowest path: nanoseconds of logic and of wire, and the net that follows."""
    for path in report["critical_paths"]:
        if path["from"] == path["to"] and "posedge" in path["from"]:
            return [
                f"{part['delay']:5.2f} {part['type']:8} {_short(part.get('net', part['to']['cell']))}"
                for part in path["path"]
                if part["delay"] > 0
            ]
    return []


@functools.cache
def _short(net: str) -> str:
    return re.sub(r"_(TRELLIS|LUT4|CCU2C|PFUMX|L6MUX21|ABC|\$).*", "", net)


def main() -> int:
    """Measure the blocks that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("blocks", nargs="+", choices=tuple(BLOCKS), metavar="BLOCK", help=", ".join(BLOCKS))
    parser.add_argument("--target", default="mac128", help="a preset, a target of the benchmarks or a TOML file")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for name in options.blocks:
        try:
            with tempfile.TemporaryDirectory(prefix="tileloom-clock-") as scratch:
                found = measure(name, _target(options.target), Path(scratch))
        except (BuildError, TargetError) as error:
            print(error, file=sys.stderr)
            return 1
        if options.json:
            print(json.dumps(found), flush=True)
            continue
        cells = ", ".join(f"{count} {kind}" for kind, count in found["cells"].items())
        print(f"{name} of {found['target']}: {found['mhz']} MHz; {cells}")
        print("\n".join(found["path"]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
