"""The board's memory against a bytearray: bursts with pauses, strobes, words of the host, and what lies outside."""

import random
from dataclasses import replace
from typing import Any

import pytest
from amaranth.sim import Simulator

from tileloom.fpga.board_memory import BoardMemory
from tileloom.hw.spec.config import load_target

SIZE = 4096


@pytest.mark.parametrize("width", [4, 16])
def test_random_accesses(width: int) -> None:
    """Everything read is what was written last, under pauses of the master and host accesses in between."""
    random_ = random.Random(width)
    target = replace(load_target("default"), port_bytes=width)
    dut = BoardMemory(target, SIZE)
    port, host = dut.port, dut.host
    model = bytearray(SIZE)

    async def write_burst(ctx: Any, address: int, beats: int) -> None:
        ctx.set(port.awaddr, address)
        ctx.set(port.awlen, beats - 1)
        ctx.set(port.awvalid, 1)
        while not ctx.get(port.awready):
            await ctx.tick()
        await ctx.tick()
        ctx.set(port.awvalid, 0)
        for beat in range(beats):
            while random_.random() < 0.3:
                await ctx.tick()
            data, strobes = random_.randbytes(width), random_.getrandbits(width)
            ctx.set(port.wdata, int.from_bytes(data, "little"))
            ctx.set(port.wstrb, strobes)
            ctx.set(port.wlast, beat == beats - 1)
            ctx.set(port.wvalid, 1)
            while not ctx.get(port.wready):
                await ctx.tick()
            await ctx.tick()
            ctx.set(port.wvalid, 0)
            for i in range(width):
                place = address + beat * width + i
                if strobes >> i & 1 and place < SIZE:
                    model[place] = data[i]
        ctx.set(port.bready, 1)
        while not ctx.get(port.bvalid):
            await ctx.tick()
        assert ctx.get(port.bresp) == (2 if address + beats * width > SIZE else 0)
        await ctx.tick()
        ctx.set(port.bready, 0)

    async def read_burst(ctx: Any, address: int, beats: int) -> None:
        ctx.set(port.araddr, address)
        ctx.set(port.arlen, beats - 1)
        ctx.set(port.arid, 2)
        ctx.set(port.arvalid, 1)
        while not ctx.get(port.arready):
            await ctx.tick()
        await ctx.tick()
        ctx.set(port.arvalid, 0)
        for beat in range(beats):
            ctx.set(port.rready, 0)
            while random_.random() < 0.3:
                await ctx.tick()
            ctx.set(port.rready, 1)
            while not ctx.get(port.rvalid):
                await ctx.tick()
            place = address + beat * width
            assert ctx.get(port.rid) == 2
            assert ctx.get(port.rlast) == (beat == beats - 1)
            assert ctx.get(port.rresp) == (2 if place >= SIZE else 0)
            if place < SIZE:
                assert ctx.get(port.rdata).to_bytes(width, "little") == model[place : place + width]
            await ctx.tick()
        ctx.set(port.rready, 0)

    async def host_word(ctx: Any, address: int, write: bool) -> None:
        data = random_.randbytes(4)
        ctx.set(host.address, address)
        ctx.set(host.write, write)
        ctx.set(host.write_data, int.from_bytes(data, "little"))
        ctx.set(host.request, 1)
        while not ctx.get(host.done):
            await ctx.tick()
        if write and address < SIZE:
            model[address : address + 4] = data
        elif not write:
            expected = bytes(model[address : address + 4]) if address < SIZE else bytes(4)
            assert ctx.get(host.read_data).to_bytes(4, "little") == expected
        await ctx.tick()
        ctx.set(host.request, 0)
        await ctx.tick()

    async def bench(ctx: Any) -> None:
        for _ in range(150):
            beats = random_.randrange(1, 9)
            address = random_.randrange(0, SIZE, width) if random_.random() < 0.9 else SIZE - width
            kind = random_.randrange(4)
            if kind == 0:
                await write_burst(ctx, address, beats)
            elif kind == 1:
                await read_burst(ctx, address, beats)
            else:
                await host_word(ctx, random_.randrange(0, SIZE + 64, 4), kind == 2)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("hurry", [0.5, 1.0])
def test_read_bursts_follow_each_other(hurry: float) -> None:
    """A burst is asked for while the one before is still coming: each beat has its own burst's number."""
    random_ = random.Random(hurry)
    width = 4
    dut = BoardMemory(replace(load_target("default"), port_bytes=width), SIZE)
    port, host = dut.port, dut.host
    bursts = [(random_.randrange(4), random_.randrange(0, SIZE - 64, 4), random_.randrange(1, 9)) for _ in range(60)]

    async def fill(ctx: Any) -> None:
        for address in range(0, SIZE, 4):
            ctx.set(host.address, address)
            ctx.set(host.write, 1)
            ctx.set(host.write_data, address ^ 0x5A5A)
            ctx.set(host.request, 1)
            while not ctx.get(host.done):
                await ctx.tick()
            await ctx.tick()
            ctx.set(host.request, 0)
            await ctx.tick()
        for number, address, beats in bursts:
            ctx.set(port.arid, number)
            ctx.set(port.araddr, address)
            ctx.set(port.arlen, beats - 1)
            ctx.set(port.arvalid, 1)
            await ctx.tick().until(port.arready)
        ctx.set(port.arvalid, 0)

    async def take(ctx: Any) -> None:
        for number, address, beats in bursts:
            for beat in range(beats):
                ctx.set(port.rready, 0)
                while random_.random() > hurry:
                    await ctx.tick()
                ctx.set(port.rready, 1)
                got = await ctx.tick().sample(port.rid, port.rdata, port.rlast, port.rresp).until(port.rvalid)
                assert got == (number, (address + 4 * beat) ^ 0x5A5A, beat == beats - 1, 0)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(fill)
    simulator.add_testbench(take)
    simulator.run()
