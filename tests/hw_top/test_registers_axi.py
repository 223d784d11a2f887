"""The AXI4-Lite slave: every register, byte strobes, errors and stalls on every channel against a dictionary."""

import random
from typing import Any

import pytest
from amaranth.sim import Simulator

from tileloom.hw.registers_axi import OKAY, SLAVE_ERROR, RegistersAxi
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.registers import OFFSET, REGISTERS

MASKS = {"WINDOW_BASE": 0xFFFFF000, "WINDOW_BYTES": 0xFFFFFFFF, "PROGRAM_BYTES": 0xFFFFFFFC}
MASKS |= {"PROGRAM_ADDRESS": 0xFFFFFFF0, "INTERRUPT_ENABLE": 1, "CONTROL": 0}


class Master:
    """Random delays on every channel; checks that answers stay until they are taken."""

    def __init__(self, ctx: Any, dut: RegistersAxi, rng: random.Random) -> None:
        self.ctx, self.bus, self.rng, self.dut = ctx, dut.bus, rng, dut
        self.starts = self.aborts = 0

    async def tick(self) -> None:
        await self.ctx.tick()
        self.starts += self.ctx.get(self.dut.start)
        self.aborts += self.ctx.get(self.dut.abort)

    async def write(self, address: int, data: int, strobe: int = 15) -> int:
        waiting = {"aw": self.rng.randrange(4), "w": self.rng.randrange(4)}
        self.ctx.set(self.bus.awaddr, address)
        self.ctx.set(self.bus.wdata, data)
        self.ctx.set(self.bus.wstrb, strobe)
        while waiting:
            accepted = []
            for channel in waiting:
                self.ctx.set(getattr(self.bus, f"{channel}valid"), waiting[channel] <= 0)
                if waiting[channel] <= 0 and self.ctx.get(getattr(self.bus, f"{channel}ready")):
                    accepted.append(channel)
                waiting[channel] -= 1
            await self.tick()
            for channel in accepted:
                del waiting[channel]
                self.ctx.set(getattr(self.bus, f"{channel}valid"), 0)
        return await self.answer("b")

    async def answer(self, channel: str) -> int:
        valid, ready = getattr(self.bus, f"{channel}valid"), getattr(self.bus, f"{channel}ready")
        for _ in range(20):
            if self.ctx.get(valid):
                break
            await self.tick()
        assert self.ctx.get(valid)
        for _ in range(self.rng.randrange(4)):
            await self.tick()
            assert self.ctx.get(valid)
        response: int = self.ctx.get(getattr(self.bus, f"{channel}resp"))
        self.data = self.ctx.get(self.bus.rdata)
        self.ctx.set(ready, 1)
        await self.tick()
        self.ctx.set(ready, 0)
        assert not self.ctx.get(valid)
        return response

    async def read(self, address: int) -> tuple[int, int]:
        for _ in range(self.rng.randrange(3)):
            await self.tick()
        self.ctx.set(self.bus.araddr, address)
        self.ctx.set(self.bus.arvalid, 1)
        while not self.ctx.get(self.bus.arready):
            await self.tick()
        await self.tick()
        self.ctx.set(self.bus.arvalid, 0)
        response = await self.answer("r")
        return response, self.data


def simulate(bench: Any) -> None:
    target = load_target("default")
    dut = RegistersAxi(target)

    async def run(ctx: Any) -> None:
        await bench(ctx, dut, Master(ctx, dut, random.Random(1)))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.run()


def test_settings_keep_what_is_written() -> None:
    async def bench(ctx: Any, dut: RegistersAxi, master: Master) -> None:
        values = dict.fromkeys(MASKS, 0)
        for _ in range(300):
            name = master.rng.choice(list(MASKS))
            data, strobe = master.rng.getrandbits(32), master.rng.choice([15, master.rng.randrange(16)])
            busy = master.rng.random() < 0.2
            ctx.set(dut.busy, busy)
            lanes = sum(0xFF << 8 * i for i in range(4) if strobe >> i & 1) & MASKS[name]
            if not busy or name == "INTERRUPT_ENABLE":
                values[name] = values[name] & ~lanes | data & lanes
            assert await master.write(OFFSET[name], data, strobe) == OKAY
            name = master.rng.choice(list(MASKS))
            assert await master.read(OFFSET[name]) == (OKAY, values[name]), name
        for name in ("WINDOW_BASE", "WINDOW_BYTES", "PROGRAM_ADDRESS", "PROGRAM_BYTES"):
            assert ctx.get(getattr(dut, name.lower())) == values[name]

    simulate(bench)


def test_commands_are_pulses() -> None:
    async def bench(ctx: Any, dut: RegistersAxi, master: Master) -> None:
        starts = aborts = 0
        for _ in range(100):
            data, strobe = master.rng.randrange(4), master.rng.randrange(16)
            starts += data & strobe & 1
            aborts += data >> 1 & strobe & 1
            await master.write(OFFSET["CONTROL"], data, strobe)
            await master.tick()
            assert (master.starts, master.aborts) == (starts, aborts)

    simulate(bench)


def test_what_the_machine_shows() -> None:
    async def bench(ctx: Any, dut: RegistersAxi, master: Master) -> None:
        rng = master.rng
        target_hash = load_target("default").hash
        for _ in range(20):
            shown = {name: rng.getrandbits(32) for name in ("cycles", "program_counter")}
            shown |= {"busy": rng.randrange(2), "done": rng.randrange(2), "error": rng.randrange(16)}
            shown["stored"] = rng.getrandbits(16)
            for name, value in shown.items():
                ctx.set(getattr(dut, name), value)
            error = shown["error"]
            expected = {
                "STATUS": shown["busy"] | shown["done"] << 1 | (error != 0) << 2 | error << 8,
                "CYCLES": shown["cycles"],
                "PROGRAM_COUNTER": shown["program_counter"],
                "STORED": shown["stored"],
                "HASH_LOW": target_hash & 0xFFFFFFFF,
                "HASH_HIGH": target_hash >> 32,
                "VERSION": isa.FORMAT_VERSION,
            }
            for register in REGISTERS:
                if register.name.startswith("STALL_"):
                    expected[register.name] = rng.getrandbits(32)
                    ctx.set(dut.counts[(register.offset - 0x40) // 4], expected[register.name])
                if register.name.startswith("TILE_"):
                    tile, cause, tag = (register.offset - 0x80) // 4, rng.randrange(8), rng.getrandbits(16)
                    expected[register.name] = (cause | tag << 16) if tile < 4 else 0
                    if tile < 4:
                        ctx.set(dut.causes[tile], cause)
                        ctx.set(dut.tags[tile], tag)
            for name, value in expected.items():
                assert await master.read(OFFSET[name]) == (OKAY, value), name
                assert await master.write(OFFSET[name], rng.getrandbits(32)) == SLAVE_ERROR
            enable = rng.randrange(2)
            await master.write(OFFSET["INTERRUPT_ENABLE"], enable)
            await master.tick()
            assert ctx.get(dut.interrupt) == (enable and (shown["done"] or error != 0))

    simulate(bench)


@pytest.mark.parametrize("address", [0x34, 0x3C, 0x60, 0x7C])
def test_addresses_without_a_register(address: int) -> None:
    async def bench(_ctx: Any, _dut: RegistersAxi, master: Master) -> None:
        assert await master.read(address) == (SLAVE_ERROR, 0)
        assert await master.write(address, 0xFFFFFFFF) == SLAVE_ERROR
        assert await master.read(OFFSET["CONTROL"]) == (OKAY, 0)

    simulate(bench)
