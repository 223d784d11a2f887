"""The cocotb side: drives the block with a recording and compares every value that the recording saw.

It runs inside Verilator; ``TILELOOM_RECORDING`` names the recording's file.
"""

import json
import os
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import Timer

TICK, SET = 0, 1


@cocotb.test()
async def replay(dut: Any) -> None:
    """Sets take effect before the next value that is looked at; a tick is a rising edge of the clock."""
    recording = json.loads(Path(os.environ["TILELOOM_RECORDING"]).read_text())
    names, handles = recording["names"], {}
    dut.clk.value = 0
    if hasattr(dut, "rst"):
        dut.rst.value = 0
    settled, cycle = False, 0
    for kind, *rest in recording["events"]:
        if kind == TICK:
            await Timer(1, "ns")
            dut.clk.value = 1
            await Timer(1, "ns")
            dut.clk.value = 0
            settled, cycle = False, cycle + 1
            continue
        number, value = rest
        if number not in handles:
            handles[number] = getattr(dut, f"port_{number}")
        handle = handles[number]
        if kind == SET:
            handle.value = value
            settled = False
            continue
        if not settled:
            await Timer(1, "ns")
            settled = True
        seen = int(handle.value)
        assert seen == value, f"cycle {cycle}: {names[number]} must be {value:#x}, is {seen:#x} on Verilator"
