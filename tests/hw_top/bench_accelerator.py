"""cocotb bench of the whole accelerator against cocotbext-axi's AxiRam; test_accelerator.py runs it.

Random pauses on every channel, frames back to back, every fault, abort, and reset in mid-frame and in mid-burst; after
each fault and each reset a new start must work.
"""

import logging
import os
import random
from collections.abc import Iterator
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, with_timeout
from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster, AxiRam

from tests.rtl.tiny_program import tiny_program, tiny_reference
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import load_target
from tileloom.hw.spec.program import Program
from tileloom.hw.spec.registers import OFFSET, Error

TARGET = load_target(os.environ.get("TILELOOM_TARGET", "small"))
WINDOW_BASE = 0x2000_0000
SHORT_WATCHDOG_US = 10_000


def pauses(seed: str, rate: float) -> Iterator[bool]:
    """A channel's pauses, so many of the cycles."""
    rng = random.Random(seed)
    while True:
        yield rng.random() < rate


class Machine:
    """The accelerator with its memory and a driver of its registers."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        for name in ("cocotb", "cocotb.tileloom"):
            logging.getLogger(name).setLevel(logging.WARNING)
        Clock(dut.clk, 10, "ns").start()
        self.bus = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
        self.ram = AxiRam(AxiBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, size=1 << 32)
        self.failing_reads: set[int] = set()
        self.failing_writes = False
        self._break(self.ram)

    def _break(self, ram: AxiRam) -> None:
        """Put the fault switches in front of the memory."""
        read, write = ram.read_if._read, ram.write_if._write

        async def broken_read(address: int, length: int) -> bytes:
            if any(address <= bad < address + length for bad in self.failing_reads):
                raise OSError("read fault on purpose")
            return bytes(await read(address, length))

        async def broken_write(address: int, data: bytes) -> None:
            if self.failing_writes:
                raise OSError("write fault on purpose")
            await write(address, data)

        ram.read_if._read, ram.write_if._write = broken_read, broken_write

    async def reset(self) -> None:
        """A hard reset of the machine and of its bus."""
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, 5)
        self.dut.rst.value = 0
        await ClockCycles(self.dut.clk, 2)

    def pause(self, seed: int, rate: float) -> None:
        """Random pauses on every channel."""
        channels = (
            self.ram.write_if.aw_channel,
            self.ram.write_if.w_channel,
            self.ram.write_if.b_channel,
            self.ram.read_if.ar_channel,
            self.ram.read_if.r_channel,
        )
        for number, channel in enumerate(channels):
            channel.set_pause_generator(pauses(f"{seed} {number}", rate))

    async def read(self, name: str) -> int:
        return int(await self.bus.read_dword(OFFSET[name]))

    async def write(self, name: str, value: int) -> None:
        await self.bus.write_dword(OFFSET[name], value)

    def place(self, program: Program) -> None:
        self.ram.write(WINDOW_BASE, program.image().tobytes())

    async def start(self, program: Program, window_bytes: int | None = None) -> None:
        await self.write("WINDOW_BASE", WINDOW_BASE)
        await self.write("WINDOW_BYTES", program.memory_bytes if window_bytes is None else window_bytes)
        await self.write("PROGRAM_ADDRESS", program.instruction_address)
        await self.write("PROGRAM_BYTES", len(program.instruction_bytes))
        await self.write("INTERRUPT_ENABLE", 1)
        await self.write("CONTROL", 1)

    async def finish(self) -> Error:
        """Wait for the interrupt and for the bus to be quiet."""
        if not self.dut.interrupt.value:
            await with_timeout(RisingEdge(self.dut.interrupt), SHORT_WATCHDOG_US, "us")
        for _ in range(1000):
            status = await self.read("STATUS")
            if not status & 1:
                break
        assert not status & 1, "the machine stays busy"
        error = Error(status >> 8 & 0xFF)
        assert status & 7 == (4 if error else 2)
        return error

    async def frame(self, program: Program, seed: int) -> None:
        """One good frame with random input, checked."""
        x = (
            np.random.default_rng(seed)
            .integers(-128, 128, (1, TARGET.lanes, 1, program.inputs[0].width))
            .astype(np.int8)
        )
        tensor = program.inputs[0]
        self.ram.write(WINDOW_BASE + tensor.address, tensor.pack(x[0]).tobytes())
        for output in program.outputs:
            self.ram.write(WINDOW_BASE + output.address - 3, b"\xa5" * (output.size_bytes + 6))
        await self.start(program)
        assert await self.finish() == Error.NONE
        expected = tiny_reference(program, x)[0]
        for output in program.outputs:
            data = self.ram.read(WINDOW_BASE + output.address - 3, output.size_bytes + 6)
            assert data[:3] == data[-3:] == b"\xa5" * 3, f"{output.name}: bytes beside it were written"
            codes = output.unpack(np.frombuffer(data[3:-3], np.uint8))
            np.testing.assert_array_equal(codes, expected, err_msg=output.name)


async def make(dut: Any, **tiny: int) -> tuple[Machine, Program]:
    machine, program = Machine(dut), tiny_program(TARGET, **tiny)
    await machine.reset()
    machine.place(program)
    return machine, program


@cocotb.test()
async def frames_back_to_back(dut: Any) -> None:
    machine, program = await make(dut)
    for seed in range(4):
        await machine.frame(program, seed)
    assert await machine.read("STORED") == TARGET.tiles


@cocotb.test()
async def frames_under_random_pauses(dut: Any) -> None:
    machine, program = await make(dut)
    for seed, rate in enumerate((0.1, 0.3, 0.5, 0.8, 0.95)):
        machine.pause(seed, rate)
        await machine.frame(program, seed)
        await machine.frame(program, seed + 100)


async def broken(machine: Machine, program: Program, error: Error, **start: int) -> None:
    """The present memory makes this error; without it a frame works again."""
    await machine.start(program, **start)
    found = await machine.finish()
    assert found == error, f"{found!r}, not {error!r}"
    machine.failing_reads, machine.failing_writes = set(), False
    machine.place(program)
    await machine.frame(program, 7)


@cocotb.test()
async def memory_errors(dut: Any) -> None:
    machine, program = await make(dut)
    machine.pause(1, 0.2)
    places = {"program": program.instruction_address + 4, "weights": program.weights_address + 8}
    places["input"] = program.inputs[0].address + 5
    for place in places.values():
        machine.failing_reads = {WINDOW_BASE + place}
        await broken(machine, program, Error.READ_ERROR)
    machine.failing_writes = True
    await broken(machine, program, Error.WRITE_ERROR)


@cocotb.test()
async def bursts_outside_the_window(dut: Any) -> None:
    """The window ends before the outputs, the inputs, the weights, and the program."""
    machine, program = await make(dut)
    ends = [program.outputs[0].address, program.inputs[0].address, program.weights_address, 0]
    for end in ends:
        await broken(machine, program, Error.OUTSIDE_WINDOW, window_bytes=end // 64 * 64)


@cocotb.test()
async def bad_instructions(dut: Any) -> None:
    machine, program = await make(dut)
    words = program.words
    offsets = [sum(isa.words_of(type(i)) for i in program.instructions[:n]) for n in range(6)]
    changes = [
        (0, 0x0909, Error.ILLEGAL_INSTRUCTION, 0),
        (1, words[1] + 1, Error.WRONG_VERSION, 0),
        (2, words[2] ^ 1, Error.WRONG_TARGET, 0),
        (3, words[3] ^ 0x8000_0000, Error.WRONG_TARGET, 0),
        (offsets[3], words[offsets[3]] + 0x100, Error.ILLEGAL_INSTRUCTION, offsets[3]),
        (offsets[5], 0xFF, Error.ILLEGAL_INSTRUCTION, offsets[5]),
    ]
    for position, word, error, counter in changes:
        machine.ram.write_dword(WINDOW_BASE + program.instruction_address + 4 * position, word)
        await machine.start(program)
        assert await machine.finish() == error
        assert await machine.read("PROGRAM_COUNTER") == counter
        machine.place(program)
        await machine.frame(program, position)


@cocotb.test()
async def program_without_end(dut: Any) -> None:
    machine, program = await make(dut)
    await machine.start(program)
    await machine.finish()
    await machine.write("PROGRAM_BYTES", len(program.instruction_bytes) - 4)
    await machine.write("CONTROL", 1)
    assert await machine.finish() == Error.PROGRAM_END
    await machine.frame(program, 3)


@cocotb.test()
async def abort_anywhere(dut: Any) -> None:
    machine, program = await make(dut)
    machine.pause(2, 0.3)
    for wait in (0, 20, 60, 120, 180, 250):
        await machine.start(program)
        await ClockCycles(dut.clk, wait)
        await machine.write("CONTROL", 2)
        assert await machine.finish() in (Error.ABORTED, Error.NONE)
        await machine.frame(program, wait)


@cocotb.test()
async def reset_anywhere(dut: Any) -> None:
    """Hard resets at random cycles, and some cycles into a read burst and into a write burst."""
    machine, program = await make(dut)
    rng = random.Random(5)
    machine.pause(3, 0.5)
    for number in range(15):
        await machine.start(program)
        channel = (None, dut.m_axi_rvalid, dut.m_axi_wvalid)[number % 3]
        if channel is None:
            await ClockCycles(dut.clk, rng.randrange(400))
        else:
            await with_timeout(RisingEdge(channel), SHORT_WATCHDOG_US, "us")
            await ClockCycles(dut.clk, rng.randrange(6))
        await FallingEdge(dut.clk)
        await machine.reset()
        assert not await machine.read("STATUS")
        await machine.frame(program, 1)


@cocotb.test()
async def watchdog_on_a_silent_memory(dut: Any) -> None:
    """A memory that answers no more ends in WATCHDOG; the machine is then busy until it answers again."""
    machine, program = await make(dut)
    machine.ram.read_if.r_channel.pause = True
    await machine.start(program)
    await with_timeout(RisingEdge(dut.interrupt), SHORT_WATCHDOG_US, "us")
    status = await machine.read("STATUS")
    assert status >> 8 & 0xFF == Error.WATCHDOG
    assert status & 1
    await machine.write("CONTROL", 1)  # ignored
    machine.ram.read_if.r_channel.pause = False
    assert await machine.finish() == Error.WATCHDOG
    await machine.frame(program, 11)
