# amaranth: UnusedElaboratable=no
"""Run control, watchdog and stall counters against models, cycle by cycle."""

import random
from typing import Any

import pytest
from amaranth.sim import Simulator

from tileloom.hw.cause_counters import CauseCounters
from tileloom.hw.run_control import RunControl
from tileloom.hw.spec.registers import Cause, Error
from tileloom.hw.watchdog import Watchdog


def simulate(dut: Any, bench: Any) -> None:
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("seed", range(3))
def test_run_control(seed: int) -> None:
    """Random runs: reset, strobe, cycles, end or fault, drain; starts and aborts are sprinkled everywhere."""
    rng, dut = random.Random(seed), RunControl()
    ends = {"done": 0, "error": 0}

    async def step(ctx: Any, **inputs: int) -> None:
        for name in ("start", "abort", "finished", "sequencer_error", "memory_error", "watchdog_expired", "drained"):
            ctx.set(getattr(dut, name), inputs.get(name, 0))
        await ctx.tick()

    def state(ctx: Any) -> tuple[int, ...]:
        names = ("soft_reset", "strobe", "running", "halt", "busy")
        return tuple(ctx.get(getattr(dut, name)) for name in names)

    async def bench(ctx: Any) -> None:
        halted = 0
        for _ in range(50):
            for _ in range(rng.randrange(3)):
                await step(ctx, abort=1, sequencer_error=9, finished=1, watchdog_expired=1, drained=1)
                assert state(ctx) == (0, 0, 0, halted, 0)
            await step(ctx, start=1, abort=rng.randrange(2))
            assert state(ctx) == (1, 0, 0, halted, 1)
            assert (ctx.get(dut.done), ctx.get(dut.error)) == (0, 0)
            await step(ctx, start=rng.randrange(2), abort=1)
            assert state(ctx) == (0, 1, 0, 0, 1)
            await step(ctx, finished=1, memory_error=4)
            length = rng.randrange(1, 30)
            for cycle in range(1, length):
                assert state(ctx) == (0, 0, 1, 0, 1)
                assert ctx.get(dut.cycles) == cycle
                await step(ctx, start=rng.randrange(2), drained=rng.randrange(2))
            assert ctx.get(dut.cycles) == length
            end = rng.choice(
                [
                    ({"finished": 1}, Error.NONE),
                    ({"abort": 1}, Error.ABORTED),
                    ({"abort": 1, "watchdog_expired": 1, "finished": 1}, Error.WATCHDOG),
                    ({"memory_error": 5, "watchdog_expired": 1}, Error.WRITE_ERROR),
                    ({"sequencer_error": 1, "memory_error": 5}, Error.ILLEGAL_INSTRUCTION),
                ]
            )
            await step(ctx, **end[0])
            halted = 1
            for _ in range(rng.randrange(5)):
                assert state(ctx) == (0, 0, 0, 1, 1)
                await step(ctx, start=1, abort=1, finished=1, sequencer_error=2)
            await step(ctx, drained=1)
            assert state(ctx) == (0, 0, 0, 1, 0)
            assert ctx.get(dut.cycles) == length
            assert (ctx.get(dut.done), ctx.get(dut.error)) == (end[1] == Error.NONE, end[1])
            ends["error" if end[1] else "done"] += 1

    simulate(dut, bench)
    assert min(ends.values()) > 3


@pytest.mark.parametrize("cycles", [1, 2, 7, 64])
def test_watchdog(cycles: int) -> None:
    rng, dut = random.Random(cycles), Watchdog(cycles)
    expirations = [0]

    async def bench(ctx: Any) -> None:
        quiet = 0
        for number in range(4000):
            lively = number // 500 % 2
            running, progress = rng.random() < 0.999, rng.random() < (0.3 if lively else 0.01)
            ctx.set(dut.running, running)
            ctx.set(dut.progress, progress)
            quiet = quiet + 1 if running and not progress else 0
            assert ctx.get(dut.expired) == (quiet == cycles)
            expirations[0] += quiet == cycles
            quiet %= cycles
            await ctx.tick()

    simulate(dut, bench)
    assert expirations[0] > 5


@pytest.mark.parametrize("tiles", [1, 3, 4])
def test_cause_counters(tiles: int) -> None:
    rng, dut = random.Random(tiles), CauseCounters(tiles)

    async def bench(ctx: Any) -> None:
        for _ in range(5):
            counts = dict.fromkeys(Cause, 0)
            ctx.set(dut.clear, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)
            for _ in range(100):
                ctx.set(dut.running, running := rng.randrange(2))
                for port in dut.causes:
                    ctx.set(port, cause := Cause(rng.randrange(8)))
                    counts[cause] += running
                await ctx.tick()
            ctx.set(dut.running, 0)
            await ctx.tick().repeat(2)
            assert [ctx.get(count) for count in dut.counts] == list(counts.values())

    simulate(dut, bench)


def test_watchdog_refuses_zero() -> None:
    with pytest.raises(ValueError, match="cycles must be at least 1, not 0"):
        Watchdog(0)
