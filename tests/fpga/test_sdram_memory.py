"""The SDRAM controller against a chip that checks every rule: exact, without a broken rule, and as fast as it says."""

import random
from dataclasses import replace
from typing import Any

import pytest

from tests.fpga.sdram_bench import SdramBench, random_traffic
from tileloom.fpga.sdram_chip import ULX3S_CHIP
from tileloom.fpga.sdram_memory import SdramMemory
from tileloom.fpga.sdram_pins import Command
from tileloom.hw.spec.config import Target, load_target

CHIP = replace(ULX3S_CHIP, power_up_ns=2000)
"""Starts a hundred times sooner, so that tests do not wait for it."""
ULX3S = load_target("ulx3s")
WIDE = replace(load_target("default"), port_bytes=64, burst_beats=64)
"""The longest bursts there are: 4096 bytes, four rows."""


def bench(target: Target = ULX3S, clock_hz: int = 50_000_000, pad_cycles: int = 2) -> SdramBench:
    """A memory with its chip."""
    return SdramBench(SdramMemory(target, CHIP, clock_hz, pad_cycles), CHIP, clock_hz, pad_cycles)


@pytest.mark.parametrize(
    ("clock_hz", "pad_cycles", "gap"),
    [
        *((25_000_000, 1, 0.0), (40_000_000, 2, 0.5), (66_700_000, 2, 0.0)),
        *((100_000_000, 2, 0.0), (100_000_000, 2, 0.5), (133_000_000, 3, 0.2)),
    ],
)
def test_random_traffic(clock_hz: int, pad_cycles: int, gap: float) -> None:
    """Reads, writes and the host at once, on every clock."""
    dut = bench(clock_hz=clock_hz, pad_cycles=pad_cycles)
    dut.run(*random_traffic(dut, clock_hz + int(10 * gap), 60, gap))
    assert dut.chip.count(Command.REFRESH) > CHIP.initial_refreshes + 1


@pytest.mark.parametrize(("target", "bursts"), [(load_target("default"), 40), (WIDE, 4)], ids=["16 bytes", "64 bytes"])
def test_wide_ports(target: Target, bursts: int) -> None:
    """Beats of several words; bursts that cross rows."""
    dut = bench(target)
    dut.run(*random_traffic(dut, 3, bursts, 0.2))


def throughput(dut: SdramBench, bursts: list[tuple[int, int]], write: bool) -> float:
    """Bytes in each cycle of a series of bursts, from the first one's address to the last one's answer."""
    begin = end = 0

    async def requests(ctx: Any) -> None:
        nonlocal begin, end
        random_ = random.Random(1)
        await dut.host_word(ctx, 0, False, random_)  # waits for the chip's start
        begin = dut.cycles
        for address, beats in bursts:
            if write:
                await dut.write(ctx, address, beats, random_)
            else:
                await dut.request_read(ctx, address, beats)
        end = dut.cycles

    async def answers(ctx: Any) -> None:
        nonlocal end
        for _ in bursts:
            while not dut.reads:
                await ctx.tick()
            await dut.take_read(ctx)
        end = dut.cycles

    dut.run(requests, *(() if write else (answers,)))
    return sum(beats for _, beats in bursts) * dut.memory.target.port_bytes / (end - begin)


@pytest.mark.parametrize(
    ("write", "order", "least"),
    [(False, "rising", 1.85), (False, "random", 1.35), (True, "rising", 1.6), (True, "random", 1.3)],
)
def test_throughput(write: bool, order: str, least: float) -> None:
    """Of 2 bytes a cycle, with bursts of 64 bytes at 50 MHz, refreshes included."""
    addresses = list(range(0, 1 << 13, 64))
    if order == "random":
        addresses = random.Random(5).choices(range(0, 1 << 20, 64), k=96)
    dut = bench()
    assert throughput(dut, [(address, 16) for address in addresses], write) >= least
