"""Netlists: read, refused where a model lacks something, written, mutated; the real ones give the reference's bits."""

import ctypes
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.face.command import tileloom
from tests.fpga.sign_off import NEEDED, WANTED, mutated
from tileloom import api
from tileloom.fpga.netlist.mutation import MutationKind, draw
from tileloom.fpga.netlist.netlist import Netlist, NetlistError, read_netlist
from tileloom.fpga.netlist.verilog import MOST_MUTATIONS, netlist_verilog
from tileloom.fpga.synthesis import SYNTHESES
from tileloom.hw.spec.program import Codes, Program
from tileloom.hw.spec.result import Result
from tileloom.hw.verilator import compile_model, link_library
from tileloom.sim.cycle.simulate import simulate
from tileloom.sim.functional.run import run

TOP = "toggle"
CLOCK, RUNNING, Q, NEXT = 2, 3, 4, 5


def cell(kind: str, parameters: dict[str, str], **pins: int | str) -> dict[str, object]:
    """A cell as Yosys writes it."""
    return {"type": kind, "parameters": parameters, "connections": {pin: [bit] for pin, bit in pins.items()}}


def toggle(**cells: dict[str, object]) -> str:
    """Yosys's JSON of a register that changes in every cycle, with cells added or replaced."""
    logic = cell("LUT4", {"INIT": f"{0x5555:016b}"}, A=Q, B="0", C="0", D="x", Z=NEXT)
    register = cell("TRELLIS_FF", {"CEMUX": "1 ", "REGSET": "RESET"}, CLK=CLOCK, DI=NEXT, LSR="0", Q=Q)
    ports = {
        "clk": {"direction": "input", "bits": [CLOCK]},
        "trace_running": {"direction": "input", "bits": [RUNNING]},
        "q": {"direction": "output", "bits": [Q]},
    }
    named = {"logic": logic, "register": register, "scope": cell("$scopeinfo", {}), **cells}
    return json.dumps({"modules": {TOP: {"ports": ports, "cells": named}}})


def netlist(**cells: dict[str, object]) -> Netlist:
    """The same, read."""
    return read_netlist(toggle(**cells), TOP)


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"other": cell("ALU54B", {})}, "ALU54B, which has no model"),
        ({"other": cell("TRELLIS_FF", {"CLKMUX": "INV"}, CLK=CLOCK, Q=9)}, 'CLKMUX = "INV": modelled are "CLK"'),
        ({"other": cell("LUT4", {"FANCY": "1"}, Z=9)}, "FANCY = 1: it is not known"),
        ({"other": cell("LUT4", {"INIT": "1"}, E=Q, Z=9)}, "uses pin E, which is not modelled"),
        ({"other": cell("TRELLIS_FF", {}, CLK=Q, Q=9)}, "must have one clock, not 2"),
        ({"other": cell("MULT18X18D", {}, C3=Q)}, "must have 0 at pin C3"),
        ({"other": cell("DP16KD", {"RESETMODE": "ASYNC"}, RSTB=Q)}, "must not use its reset"),
        ({"other": cell("DP16KD", {"INITVAL_05": "01"})}, "INITVAL_05 = 01: modelled are 0"),
        ({"other": cell("SB_MAC16", {"TOP_8x8_MULT_REG": "1"})}, "at all partial products or none"),
        ({"other": cell("SB_MAC16", {}, O=9)}, "must add 32 bits to its product"),
        ({"one": cell("SB_MAC16", {"TOPOUTPUT_SELECT": "11", "BOTOUTPUT_SELECT": "11"}, CO=Q)}, "uses pin CO"),
    ],
)
def test_what_is_not_modelled_is_refused(cells: dict[str, dict[str, object]], fault: str) -> None:
    with pytest.raises(NetlistError, match=fault):
        netlist_verilog(netlist(**cells))


def test_not_a_netlist() -> None:
    for text in ("", "{}", '{"modules": {}}'):
        with pytest.raises(NetlistError, match="must be Yosys's JSON with a module 'toggle'"):
            read_netlist(text, TOP)
    with pytest.raises(NetlistError, match=f"at most {MOST_MUTATIONS} mutations"):
        netlist_verilog(netlist(), draw(netlist(), 2, 1) * MOST_MUTATIONS)


def test_mutations_are_drawn_by_the_seed() -> None:
    """Each of another cell; all kinds come up."""
    drawn = [draw(netlist(), 2, seed) for seed in range(30)]
    assert drawn == [draw(netlist(), 2, seed) for seed in range(30)]
    assert all({mutation.cell for mutation in pair} == {"logic", "register"} for pair in drawn)
    kinds = {mutation.kind for pair in drawn for mutation in pair}
    assert kinds == {MutationKind.TABLE, MutationKind.DATA, MutationKind.STUCK}


DRIVER = """\
#include "Vtoggle.h"
extern "C" int run(int cycles) {
    VerilatedContext context;
    Vtoggle top(&context);
    int ones = 0;
    top.trace_running = 1;
    for (int cycle = 0; cycle < cycles; ++cycle) {
        top.clk = 0;
        top.eval();
        top.clk = 1;
        top.eval();
        ones += top.q;
    }
    return ones;
}
"""


def test_a_switched_mutation_acts(tmp_path: Path) -> None:
    """A register that toggles: 50 ones in 100 cycles, with a mutation of either cell another number; then 50 again."""
    source = Path(netlist_verilog.__code__.co_filename).with_name("mutants.cpp").read_text(encoding="utf-8")
    found = next(pair for seed in range(99) if _differ_from_nothing(pair := draw(netlist(), 2, seed)))
    verilog, driver = tmp_path / "toggle.v", tmp_path / "driver.cpp"
    verilog.write_text(netlist_verilog(netlist(), found), encoding="utf-8")
    driver.write_text(DRIVER + source, encoding="utf-8")
    compile_model(verilog, TOP, tmp_path / "model", jobs=1, split=20_000)
    link_library(driver, tmp_path, tmp_path / "model", TOP, {}, tmp_path / "toggle.so")
    library = ctypes.CDLL(str(tmp_path / "toggle.so"))
    assert library.run(100) == 50
    assert library.tileloom_toggled() & 3 == 3
    assert library.tileloom_reached() & 3 == 3
    for number in (1, 2):
        library.tileloom_select(number)
        assert library.run(100) != 50, found[number - 1]
    library.tileloom_select(0)
    assert library.run(100) == 50


def _differ_from_nothing(pair: tuple[object, ...]) -> bool:
    """One mutation of the table at an address that is read, one stuck data input."""
    text = {str(mutation) for mutation in pair}
    return bool(text & {"LUT4: table bit 0 inverted", "LUT4: table bit 1 inverted"}) and any(
        "DI stuck" in t for t in text
    )


def test_user_errors(tmp_path: Path) -> None:
    """A family without a netlist, one that is not known, and verbs that do not compare: a sentence each."""
    for arguments, words in (
        (("verify", "lenet5", "--family", "ice40"), "add --engine netlist"),
        (("verify", "lenet5", "--engine", "netlist", "--family", "xc7"), "take one of ecp5, ice40"),
        (("simulate", "lenet5", "--engine", "netlist"), "by `tileloom verify`"),
    ):
        outcome = tileloom(*arguments)
        assert outcome.status == 1
        assert words in " ".join(outcome.stderr.split())


class PretendedEngine:
    """The simulators in the place of hardware, ``late`` cycles late."""

    hang = None
    """It does not."""

    def __init__(self, late: int = 0) -> None:
        self.late = late

    def run(self, program: Program, inputs: dict[str, Codes], taps: bool, waits: bool) -> Result:
        """As :meth:`RtlEngine.run`."""
        timed = simulate(program, frames=len(next(iter(inputs.values()))))
        frames = tuple(replace(frame, cycles=frame.cycles + self.late) for frame in timed.frames)
        return replace(run(program, inputs, taps=taps), frames=frames)


def test_verify_counts_the_netlist(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one more engine, in data and cycles; what differs in it is named."""
    monkeypatch.setattr("tileloom.verification.rtl_engine", lambda *_, **__: PretendedEngine())
    monkeypatch.setattr("tileloom.verification.netlist_engine", lambda *_, **__: PretendedEngine())
    document = api.verify("digits_modern", target="small", engine="netlist", frames=1)
    assert not document.problems and document.family == "ecp5"
    assert document.cycles_netlist == document.cycles_rtl == document.cycles_simulated
    assert {comparison.engine for comparison in document.comparisons} == {"functional", "RTL", "netlist"}
    assert "functional and RTL and netlist" in document.verdict()
    assert document.to_json()["kinds"]["cycles_netlist"] == "netlist"
    monkeypatch.setattr("tileloom.verification.netlist_engine", lambda *_, **__: PretendedEngine(3))
    late = api.verify("digits_modern", target="small", engine="netlist", family="ice40", frames=1)
    assert late.family == "ice40"
    assert not late.trace_equal
    assert [str(problem) for problem in late.problems if "on the netlist" in str(problem)]


@pytest.mark.full
@pytest.mark.parametrize("family", SYNTHESES)
def test_netlist_gives_the_reference_bits(family: str) -> None:
    """Synthesis, compilation and a network: every element and cycle."""
    for network in ("digits_modern", "lenet5"):
        document = api.verify(network, target="small", engine="netlist", family=family, frames=1)
        assert not document.problems
        assert document.cycles_netlist == document.cycles_rtl == document.cycles_simulated
        assert {comparison.engine for comparison in document.comparisons} == {"functional", "RTL", "netlist"}


@pytest.mark.full
@pytest.mark.parametrize("family", SYNTHESES)
def test_mutations_are_noticed(family: str) -> None:
    found = list(mutated("small", family, 1))
    assert len(found) == WANTED
    assert sum(bool(finding.trial) for finding in found) >= NEEDED, found
