"""The ULX3S with its SDRAM: pads and clock, what fits, and networks that need more than block RAM."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from amaranth import Elaboratable, Module
from amaranth.lib import io
from amaranth.lib.wiring import connect
from amaranth_boards.ulx3s import ULX3S_85F_Platform

from tests.face.command import tileloom
from tileloom.api import open_board
from tileloom.fpga.boards import find_board
from tileloom.fpga.ecp5_clock import Ecp5Clock, PllSetting, phase_setting, pll_setting
from tileloom.fpga.fit import need
from tileloom.fpga.make_memory import make_memory
from tileloom.fpga.sdram_pads import CLOCK_LEAD_NS, Ecp5SdramPads
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.program import Program, load_program
from tileloom.hw.spec.registers import Error
from tileloom.models.benchmark_networks import mobilenet
from tileloom.sim.functional.run import run

BOARD = find_board("ulx3s-85f-sdram")
BLOCK_RAM = find_board("ulx3s-85f")
TARGET = load_target(BOARD.target)


class MemoryTop(Elaboratable):
    """Clock, memory and pads, without an accelerator."""

    def elaborate(self, platform: Any) -> Module:
        """Everything of the board's top level that concerns the SDRAM."""
        m = Module()
        m.submodules.clock = clock = Ecp5Clock(BOARD.oscillator_hz, TARGET.clock_hz, CLOCK_LEAD_NS)
        m.domains += clock.domains()
        m.submodules.memory = memory = make_memory(BOARD, TARGET, clock.setting.clock_hz)
        m.submodules.pads = pads = Ecp5SdramPads(len(memory.pins.address))
        connect(m, memory.pins, pads.pins)
        m.submodules.oscillator = oscillator = io.Buffer("i", platform.request("clk25", dir="-"))
        m.d.comb += clock.oscillator.eq(oscillator.i)
        return m


def test_pads_and_clock() -> None:
    """Each of the chip's wires has its site and its register in the pad; the clock leaves through a double register."""
    files = ULX3S_85F_Platform().prepare(MemoryTop(), "top").files
    netlist, sites = str(files["top.il"]), str(files["top.lpf"])
    assert netlist.count("cell \\ODDRX1F ") == 1
    assert netlist.count("cell \\IFS1P3DX ") == 16
    assert netlist.count("cell \\OFS1P3DX ") == 2 * (3 + 2 + 13 + 2 + 16) + 1, (
        "value and enable of each; the clock's enable"
    )
    assert netlist.count("cell \\BB ") == 16
    for site in ("F19", "F20", "P20", "J16", "J17", "U19", "E20"):
        assert f'SITE "{site}"' in sites
    assert 'parameter \\CLKOS_ENABLE "ENABLED"' in netlist


@pytest.mark.parametrize("clock_hz", [25_000_000, 40_000_000, 66_000_000, 100_000_000, 125_000_000])
def test_phase(clock_hz: int) -> None:
    """The chip's clock leads by 4 ns within an eighth of a period of the PLL's oscillator, 0.32 ns at most."""
    setting: PllSetting = pll_setting(BOARD.oscillator_hz, clock_hz)
    coarse, fine = phase_setting(setting, CLOCK_LEAD_NS)
    period = 1e9 / setting.clock_hz
    delay = (coarse - (setting.output - 1) + fine / 8) * period / setting.output
    assert (period - delay) % period == pytest.approx(CLOCK_LEAD_NS % period, abs=0.16)
    assert 0 <= fine < 8 and coarse < 128


def test_the_memory_takes_no_block_ram() -> None:
    """What fits: the memory's block RAMs are free for buffers."""
    freed = need(BLOCK_RAM, TARGET).bram - need(BOARD, TARGET).bram
    assert freed in (BLOCK_RAM.memory_bytes * 8 // (18 * 1024), BLOCK_RAM.memory_bytes * 8 // (18 * 1024) + 1)
    assert BOARD.memory_bytes == 1 << 25


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """MobileNet of width 0.25 on 96x96: its weights alone are more than the block RAM board's memory."""
    folder: Path = tmp_path_factory.mktemp("mobilenet")
    onnx.save(mobilenet(), folder / "mobilenet.onnx")
    outcome = tileloom(
        "compile", folder / "mobilenet.onnx", "--target", TARGET.name, "--output", folder / "m.tlp", "--json", "-"
    )
    assert outcome.status == 0, outcome.stderr
    assert outcome.document["weight_bytes"] > BLOCK_RAM.memory_bytes
    return load_program(folder / "m.tlp")


@pytest.mark.full
def test_a_network_larger_than_block_ram_is_exact(program: Program) -> None:
    """Over the simulated board's pseudo-terminal, with the chip that checks every rule behind its pads."""
    generator = np.random.default_rng(7)
    tensor = program.inputs[0]
    shape = (1, tensor.channels, tensor.height, tensor.width)
    inputs = {tensor.name: generator.integers(tensor.low, tensor.high + 1, shape).astype(np.int8)}
    expected = run(program, inputs).outputs
    with open_board(BOARD.name, "sim") as board:
        board.load(program)
        result = board.run(inputs)
    assert result.error is Error.NONE
    for name, codes in expected.items():
        np.testing.assert_array_equal(result.outputs[name], codes)
