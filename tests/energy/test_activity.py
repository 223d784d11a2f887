"""Switching activity: netlist and SAIF read by hand, factors found again, and whole frames on the traced RTL."""

import os
from pathlib import Path

import pytest

from tests.face.command import tileloom
from tests.import_edges import ROOT
from tileloom.bench.goals import multipliers
from tileloom.hw.build import verilog_text
from tileloom.hw.spec.config import load_target
from tileloom.sim.activity.compare import Run, calibrate, compare
from tileloom.sim.activity.measure import UnitActivity, joules, measure
from tileloom.sim.activity.netlist import MemoryBlock, Operator, read_netlist
from tileloom.sim.activity.saif import read_saif
from tileloom.sim.activity.units import unit_of
from tileloom.sim.energy.charges import CHARGES, CYCLES, DRIVERS, EVENTS
from tileloom.sim.energy.factors import UNCOUNTED, Factors, UnitFactors, load_factors
from tileloom.sim.energy.model import energy_of_events
from tileloom.sim.energy.registers import register_bits
from tileloom.sim.energy.technology import load_technology
from tileloom.sim.rtl.library import RtlError

CASES = Path(os.environ.get("TILELOOM_CASES", ROOT.parent / "shared" / "cases"))
SMALL = load_target("small")
ASIC = load_technology("asic45")
VERILOG = r"""
module tileloom_memory #(
  parameter WIDTH = 8
) (
  input clk
);
  reg [WIDTH-1:0] memory [0:DEPTH-1];
endmodule

module \tileloom.grid (clk, x, y);
  input clk;
  wire clk;
  input [7:0] x;
  wire [7:0] x;
  wire [15:0] \$1 ;
  wire [8:0] \$2 ;
  reg [15:0] product = 16'h0000;
  output [3:0] y;
  reg [3:0] y = 4'h0;
  reg flag = 1'h0;
  reg \sums[0]  = 1'h0;
  assign \$1  = $signed(x[7:0]) * $signed(product[3:0]);
  assign \$2  = x + product;
  assign z = x == 8'h00;
  always @(posedge clk)
    if (flag) product <= \$1 ;
  tileloom_memory #(
    .ADDRESS(32'sd5),
    .DEPTH(32'd32),
    .GRAIN(32'd8),
    .WIDTH(32'd16)
  ) memory (
    .clk(clk),
    .read_enable(1'h1),
    .write_enable(we)
  );
endmodule

module tileloom(clk);
  input clk;
  wire clk;
  \tileloom.grid  first (
    .clk(clk)
  );
  \tileloom.grid  \second$1  (
    .clk(clk)
  );
endmodule
"""
SAIF = r"""(SAIFILE
(DURATION 1000)
 (INSTANCE tileloom
  (NET
   (clk (T0 500) (T1 500) (TZ 0) (TX 0) (TB 0) (TC 99))
  )
  (INSTANCE tileloom
   (NET
    (clk (T0 500) (T1 500) (TZ 0) (TX 0) (TB 0) (TC 99))
   )
   (INSTANCE first
    (NET
     (product\[0\] (T0 900) (T1 100) (TZ 0) (TX 0) (TB 0) (TC 7))
     (product\[1\] (T0 1000) (T1 0) (TZ 0) (TX 0) (TB 0) (TC 5))
     (__SYM__flag (T0 0) (T1 1000) (TZ 0) (TX 0) (TB 0) (TC 2))
     (sums[0] (T0 0) (T1 1000) (TZ 0) (TX 0) (TB 0) (TC 3))
     ($1\[0\] (T0 0) (T1 1000) (TZ 0) (TX 0) (TB 0) (TC 16))
    )
    (INSTANCE memory
     (NET
      (read_enable (T0 0) (T1 1000) (TZ 0) (TX 0) (TB 0) (TC 0))
      (write_enable\[0\] (T0 900) (T1 100) (TZ 0) (TX 0) (TB 0) (TC 4))
      (write_enable\[1\] (T0 800) (T1 200) (TZ 0) (TX 0) (TB 0) (TC 4))
     )
    )
   )
  )
 )
)
"""


def test_netlist_by_hand() -> None:
    netlist = read_netlist(VERILOG)
    grid = netlist.modules["tileloom.grid"]
    assert grid.registers == {"product": 16, "y": 4, "flag": 1, "sums[0]": 1}
    assert grid.operators == [Operator("*", "$1", 16, (8, 4)), Operator("+", "$2", 9, (8, 16))]
    assert grid.memories == {"memory": MemoryBlock(32, 16, 8, always_reads=True)}
    assert [path for path, _ in netlist.walk()] == [(), ("first",), ("second$1",)]
    assert netlist.register_bits() == 44
    with pytest.raises(ValueError, match="has no module nothing"):
        read_netlist(VERILOG, "nothing")


def test_activity_by_hand(tmp_path: Path) -> None:
    """A cycle is 10 units of time: 100 cycles, in which the memory reads 200 bytes and writes 10 + 20."""
    path = tmp_path / "a.saif"
    path.write_text(SAIF, encoding="ascii")
    told = read_saif(path)
    assert told.duration == 1000
    found = measure(read_netlist(VERILOG), told, 10)["configuration"]
    assert found.register_bits == 44
    assert found.register_toggles == 7 + 5 + 2 + 3
    assert found.toggle_rate(100) == 17 / 4400
    assert (found.read_bytes, found.written_bytes) == (200, 30)
    assert found.operations == {}  # of a unit without counted arithmetic they are the logic behind its registers
    wanted = 230 * ASIC.sram_byte(8 * 32).value + 17 * 0.01
    assert joules("configuration", found, SMALL, ASIC).value == pytest.approx(wanted * 1e-12)


@pytest.mark.parametrize("text", ["", "(SAIFILE\n(DURATION 5)\n)", SAIF.replace("(DURATION 1000)\n", "")])
def test_files_without_activity_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.saif"
    path.write_text(text, encoding="ascii")
    with pytest.raises(RtlError, match="has no duration or no nets"):
        read_saif(path)
    with pytest.raises(RtlError, match="cannot be read"):
        read_saif(tmp_path / "none.saif")


def test_every_instance_of_the_hardware_has_its_unit() -> None:
    """All units of the model occur, and what is left over (ports and glue) has few registers."""
    netlist = read_netlist(verilog_text(SMALL))
    found = {unit_of(path) for path, _ in netlist.walk()}
    assert found == {driver.unit for driver in DRIVERS} - {"map buffer"}
    for path, module in netlist.walk():
        if path in ((), ("grid",), ("dma",)) or path[-1].startswith("tile_"):
            assert sum(module.registers.values()) < 100, path


def test_operators_of_the_netlist_are_those_of_the_hardware() -> None:
    """As many multiplications as the table of utilisations counts, each with operands as wide as its unit's."""
    found = [(path, op) for path, module in read_netlist(verilog_text(SMALL)).walk() for op in module.operators]
    products = [(unit_of(path), op) for path, op in found if op.kind == "*"]
    assert len(products) == sum(multipliers(SMALL).values())
    assert [op.operand_bits for unit, op in products if unit == "MAC arrays"] == [(8, 8)] * SMALL.macs_per_cycle
    assert all(min(op.operand_bits) >= 7 and max(op.operand_bits) <= 18 for unit, op in products if unit == "back ends")
    assert any(op.kind == "+" and op.bits >= 16 for path, op in found if unit_of(path) == "MAC arrays")


def test_memories_that_read_in_every_cycle_are_those_of_the_charges() -> None:
    """Unit by unit, at the energies of a technology where depth counts: the RTL is what the table of charges says."""
    counted: dict[str, float] = {}
    for path, module in read_netlist(verilog_text(SMALL)).walk():
        for block in module.memories.values():
            if block.always_reads:
                joules_ = ASIC.sram_byte(8 * block.depth).value * block.width / 8
                counted[unit_of(path)] = counted.get(unit_of(path), 0.0) + joules_
    charged: dict[str, float] = {}
    for charge in CHARGES:
        if charge.event == CYCLES:
            charged[charge.unit] = charged.get(charge.unit, 0.0) + charge.cost(SMALL, ASIC).value
    assert {unit: pj for unit, pj in charged.items() if pj} == pytest.approx(counted)


def test_register_bits_by_the_formula() -> None:
    """Within the error that the fit states, and 5 % for what the hardware has changed since."""
    estimate = register_bits(SMALL)
    counted = read_netlist(verilog_text(SMALL)).register_bits()
    assert estimate.low / 1.05 < counted < estimate.high * 1.05


def known_run(scale: int, factors: Factors) -> Run:
    """A run whose activity is exactly what the factors say of some events."""
    events = {event: scale * (3 + len(event)) for event in EVENTS} | {"memory_weight_bytes": 5 * scale**2}
    cycles = 1000 * scale**2
    spent = energy_of_events(events, cycles, SMALL, ASIC, factors).units
    found = {}
    for unit in ("MAC arrays", "control", "configuration"):
        toggles = factors.units[unit].toggles * (events["active_steps"] * 8 if unit == "MAC arrays" else 0)
        found[unit] = UnitActivity(register_bits=10, register_toggles=round(toggles))
    array = factors.units["MAC arrays"].arithmetic * events["active_steps"] * 8
    found["MAC arrays"].operations = {("multiply_8", 1.0): array, ("add_32", 1.0): array}
    assert spent["MAC arrays"].value == pytest.approx(joules("MAC arrays", found["MAC arrays"], SMALL, ASIC).value)
    return Run(f"run {scale}", SMALL, events, cycles, found)


def test_calibration_finds_the_factors_again() -> None:
    factors = Factors({u: UnitFactors(0.6, toggles=14.0) for u in ("MAC arrays", "control", "configuration")}, 1, 1, "")
    runs = [known_run(2, factors), known_run(5, factors)]
    found = calibrate(runs, ASIC)
    assert found.units["MAC arrays"].arithmetic == pytest.approx(0.6)
    assert found.units["MAC arrays"].toggles == pytest.approx(14.0)
    assert found.units["MAC arrays"].besides == 0.0
    assert found.counted_on == "run 2, run 5"
    (row,) = (row for row in compare(runs[0], ASIC, found) if row.unit == "MAC arrays")
    assert row.ratio == pytest.approx(1.0)
    (row,) = (row for row in compare(runs[0], ASIC, UNCOUNTED) if row.unit == "MAC arrays")
    assert row.ratio is not None and row.ratio != pytest.approx(1.0, abs=0.05)


def test_the_factors_that_ship_were_counted() -> None:
    factors = load_factors()
    assert "digits_modern on small" in factors.counted_on
    assert set(factors.units) == {driver.unit for driver in DRIVERS} - {"map buffer"} | {"lines", "DRAM port"}
    assert 0.3 < factors.units["MAC arrays"].arithmetic < 1
    assert factors.low <= 1 <= factors.high


@pytest.mark.parametrize("window", ["", "5", "9:3", "a:b", "-1:4", "3:3"])
def test_windows_that_are_none_are_refused(window: str) -> None:
    outcome = tileloom("activity", "lenet5", "--target", "small", "--window", window)
    assert outcome.status == 1
    assert "TL409 --window: a window must be FIRST:LAST in cycles" in outcome.stderr


@pytest.mark.full
def test_a_frame_and_a_part_of_it(tmp_path: Path) -> None:
    whole = tileloom("activity", "digits_modern", "--target", "small", "--json", "-").document
    part = tileloom(
        *("activity", "digits_modern", "--target", "small", "--window", "100:1100"),
        *("--saif", tmp_path / "part.saif", "--json", "-"),
    ).document
    assert part["cycles"] == 1000 and part["window"] == [100, 1100]
    assert read_saif(tmp_path / "part.saif").duration == 1000 * 20_000
    assert whole["window"] is None and whole["frame_cycles"] == part["frame_cycles"] == whole["cycles"]
    for row, other in zip(
        *(sorted(document["units"], key=lambda row: str(row["unit"])) for document in (whole, part)), strict=True
    ):
        assert 0 < other["activity_j"] < row["activity_j"], row["unit"]
        assert other["ratio"] is None and row["ratio"] is not None
    assert sum(row["share"] for row in whole["units"]) == pytest.approx(1.0)


@pytest.fixture(scope="module")
def cifar() -> Run:
    """One frame of a network that nothing was calibrated on, on the RTL."""
    from benchmarks.activity_factors import case_run

    if not (CASES / "cifar_resnet8").exists():
        pytest.skip("the case networks are not here: set TILELOOM_CASES to their folder")
    return case_run("cifar_resnet8", CASES)


@pytest.mark.full
@pytest.mark.parametrize("technology", ["asic45", "ecp5"])
def test_cifar_resnet8_agrees_within_a_quarter(cifar: Run, technology: str) -> None:
    """Calibrated on two digit networks, tested on another one: every unit that holds at least 1 % of the energy."""
    from benchmarks.activity_factors import AGREEMENT, worst

    assert len(cifar.activity) == 11
    assert worst(cifar, load_factors(), technology) < AGREEMENT
    assert worst(cifar, UNCOUNTED, technology) > AGREEMENT  # the test can fail
