"""Registers move into multipliers only where nothing changes; the moved ones compute what the others did."""

import ctypes
import json
import random
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.hdl import Cat, Elaboratable, Module, Signal, signed

from tileloom.fpga.multiplier_registers import absorb
from tileloom.fpga.netlist.netlist import read_netlist
from tileloom.fpga.netlist.verilog import netlist_verilog
from tileloom.fpga.synthesis import SYNTHESES
from tileloom.fpga.tools import Step, find_tool, run_step
from tileloom.hw.verilator import compile_model, link_library

DRIVER = """\
#include <cstdint>
#include "Vtop.h"
extern "C" void run(const uint64_t* inputs, uint64_t* outputs, int cycles) {
    VerilatedContext context;
    Vtop top(&context);
    for (int cycle = 0; cycle < cycles; ++cycle) {
        top.i = inputs[cycle];
        top.clk = 0;
        top.eval();
        outputs[cycle] = top.o;
        top.clk = 1;
        top.eval();
    }
    top.final();
}
"""
CYCLES = 3000


class Products(Elaboratable):
    """Three products: two that can take their registers, one whose product is looked at before its register."""

    def __init__(self) -> None:
        self.i = Signal(34)
        self.o = Signal(64)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        a, b, load, go = self.i[:16], self.i[16:32], self.i[32], self.i[33]
        parity = Signal()
        results = []
        for number, bits in enumerate((8, 16, 7)):
            first, second = (Signal(signed(bits), name=f"{side}{number}", reset_less=True) for side in "ab")
            product = Signal(signed(2 * bits), name=f"product{number}", reset_less=True)
            with m.If(load):
                m.d.sync += [first.eq(a[number : number + bits]), second.eq(b)]
            full = Signal(signed(2 * bits), name=f"full{number}")
            m.d.comb += full.eq(first * second)
            with m.If(go):
                m.d.sync += product.eq(full)
            if number == 2:
                m.d.sync += parity.eq(full.xor())
            results.append(product)
        m.d.comb += self.o.eq(Cat(*results, parity))
        return m


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The synthesised netlist."""
    folder = tmp_path_factory.mktemp("products")
    top = Products()
    (folder / "top.il").write_text(rtlil.convert(top, "top", ports=[top.i, top.o], emit_src=False), encoding="utf-8")
    script = f"read_rtlil top.il\n{SYNTHESES['ecp5'].line('top')}\nwrite_json top.json\n"
    (folder / "top.ys").write_text(script, encoding="utf-8")
    run_step(Step("synthesis", (find_tool("yosys"), "-q", "top.ys"), folder / "log"), folder)
    found: dict[str, Any] = json.loads((folder / "top.json").read_text(encoding="utf-8"))["modules"]["top"]
    return found


def simulated(module: dict[str, Any], folder: Path, inputs: list[int]) -> list[int]:
    """Outputs of the netlist, cycle by cycle."""
    folder.mkdir()
    text = netlist_verilog(read_netlist(json.dumps({"modules": {"top": module}}), "top"))
    (folder / "top.v").write_text(text, encoding="utf-8")
    (folder / "driver.cpp").write_text(DRIVER, encoding="utf-8")
    compile_model(folder / "top.v", "top", folder / "model", jobs=1, split=20_000)
    link_library(folder / "driver.cpp", folder, folder / "model", "top", {}, folder / "top.so")
    library = ctypes.CDLL(str(folder / "top.so"))
    given, taken = np.array(inputs, np.uint64), np.zeros(len(inputs), np.uint64)
    library.run(given.ctypes, taken.ctypes, len(inputs))
    return [int(value) for value in taken]


def kinds(module: dict[str, Any]) -> dict[str, int]:
    """Cells by kind."""
    found: dict[str, int] = {}
    for cell in module["cells"].values():
        found[cell["type"]] = found.get(cell["type"], 0) + 1
    return found


def test_moved_registers_compute_the_same(module: dict[str, Any], tmp_path: Path) -> None:
    changed = deepcopy(module)
    assert absorb(changed) == 2
    before, after = kinds(module), kinds(changed)
    assert before["MULT18X18D"] == after["MULT18X18D"] == 3
    assert before["TRELLIS_FF"] - after["TRELLIS_FF"] >= 16 + 32
    rng = random.Random(1)
    corners = (0x3_8000_8000, 0x3_7FFF_8080, 0)
    inputs = [rng.choice((*(rng.getrandbits(34) for _ in range(7)), *corners)) for _ in range(CYCLES)]
    wanted = simulated(module, tmp_path / "plain", inputs)
    assert len(set(wanted)) > CYCLES // 4
    assert simulated(changed, tmp_path / "moved", inputs) == wanted


@pytest.mark.parametrize("parameter", [{"CLKMUX": "INV"}, {"REGSET": "SET"}, {"CEMUX": "INV"}])
def test_other_registers_stay(module: dict[str, Any], parameter: dict[str, str]) -> None:
    """One register of another kind keeps its multiplier as it is."""
    changed = deepcopy(module)
    first = next(cell for cell in changed["cells"].values() if cell["type"] == "MULT18X18D")
    product = {bit for pin, bits in first["connections"].items() if pin.startswith("P") for bit in bits}
    for cell in changed["cells"].values():
        if cell["type"] == "TRELLIS_FF" and cell["connections"]["DI"][0] in product:
            cell["parameters"] |= parameter
    assert absorb(changed) == absorb(deepcopy(module)) - 1


def test_a_reset_stays(module: dict[str, Any]) -> None:
    changed = deepcopy(module)
    for cell in changed["cells"].values():
        if cell["type"] == "TRELLIS_FF":
            cell["connections"]["LSR"] = cell["connections"]["DI"]
    assert absorb(changed) == 0
