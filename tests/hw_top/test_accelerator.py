"""The whole accelerator on an AXI bus: the cocotb bench of bench_accelerator.py on two targets."""

from pathlib import Path

import pytest

from tests.hw_top.cocotb_run import run_bench
from tileloom.hw.build import verilog_text
from tileloom.hw.spec.config import load_target

BENCHES = {
    "frames_back_to_back",
    "frames_under_random_pauses",
    "memory_errors",
    "bursts_outside_the_window",
    "bad_instructions",
    "program_without_end",
    "abort_anywhere",
    "reset_anywhere",
    "watchdog_on_a_silent_memory",
}


@pytest.mark.parametrize("name", ["small", "odd"])
def test_accelerator(name: str, tmp_path: Path) -> None:
    verilog = verilog_text(load_target(name))
    variables = {"TILELOOM_TARGET": name}
    passed = run_bench(verilog, "tileloom", "tests.hw_top.bench_accelerator", tmp_path, variables)
    assert set(passed) == BENCHES
