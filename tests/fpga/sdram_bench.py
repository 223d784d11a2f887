"""A memory controller with its chip: random accesses of the accelerator's port and of the host against plain bytes."""

import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from amaranth.sim import Simulator

from tileloom.fpga.sdram_chip import SdramChip
from tileloom.fpga.sdram_memory import SdramMemory
from tileloom.fpga.sdram_simulation import SimulatedSdram, Wires

PATIENCE = 20_000
"""Cycles without an answer after which the memory counts as hung."""
HOST_BIT = 1 << 12
"""Addresses with this bit are the host's, the others the port's: both use the same banks, but other rows."""

User = Callable[[Any], Awaitable[None]]


@dataclass(frozen=True)
class Burst:
    """A read burst under way; what it must give is known when its address is taken."""

    address: int
    beats: int
    identity: int
    expected: bytes


class SdramBench:
    """Runs a memory and its chip in the simulator; each user of the port is a process of its own.

    Parameters
    ----------
    chip, clock_hz : of the simulated chip, which need not be those that the memory was made for
    pad_cycles : registers between both, at least 1
    """

    def __init__(self, memory: SdramMemory, chip: SdramChip, clock_hz: int, pad_cycles: int) -> None:
        self.memory = memory
        self.chip = SimulatedSdram(chip, clock_hz)
        self.model = bytearray(chip.size_bytes)
        self.cycles = 0
        self.reads: deque[Burst] = deque()
        self._pad_cycles = pad_cycles
        self._left = 0
        self._simulator = Simulator(memory)
        self._simulator.add_clock(1e-8)
        self._simulator.add_process(self._pads)

    def run(self, *users: User) -> None:
        """Until every user has returned; a broken rule of the chip is an AssertionError."""
        self._left = len(users)
        for user in users:
            self._simulator.add_testbench(self._counted(user))
        self._simulator.run()
        assert self._left == 0
        assert not self.chip.problem, self.chip.problem

    def _counted(self, user: User) -> User:
        async def whole(ctx: Any) -> None:
            await user(ctx)
            self._left -= 1

        return whole

    async def _pads(self, ctx: Any) -> None:
        """One clock edge of the chip in each cycle; what it gives is set in the next one, as one register would."""
        pins = self.memory.pins
        outgoing = deque([Wires(mask=3)] * (self._pad_cycles - 1))
        wires = (pins.command, pins.bank, pins.address, pins.mask, pins.data_o, pins.data_enable)
        while True:
            _, _, *values = await ctx.tick().sample(*wires)
            self.cycles += 1
            outgoing.append(Wires(*map(int, values)))
            word = self.chip.data
            self.chip.step(outgoing.popleft())
            ctx.set(pins.data_i, word)
            assert not self.chip.problem, self.chip.problem

    async def until(self, ctx: Any, *signals: Any) -> tuple[int, ...]:
        """Ends behind the clock edge at which the first signal was 1; the others' values at that edge.

        Values count at the edge: what is combinational may still change while other users set their signals.
        """
        for _ in range(PATIENCE):
            _, _, ready, *values = await ctx.tick().sample(*signals)
            if ready:
                return tuple(map(int, values))
        raise AssertionError(f"the memory hangs: {signals[0]!r} stays 0")

    async def request_read(self, ctx: Any, address: int, beats: int, identity: int = 0) -> None:
        """A read burst's address; the answer is another process' business."""
        port = self.memory.port
        ctx.set(port.araddr, address)
        ctx.set(port.arlen, beats - 1)
        ctx.set(port.arid, identity)
        ctx.set(port.arvalid, 1)
        await self.until(ctx, port.arready)
        size = beats * self.memory.target.port_bytes
        self.reads.append(Burst(address, beats, identity, bytes(self.model[address : address + size])))
        ctx.set(port.arvalid, 0)

    async def take_read(self, ctx: Any) -> None:
        """The beats of the oldest read burst."""
        port, width = self.memory.port, self.memory.target.port_bytes
        ctx.set(port.rready, 1)
        beats = 1
        beat = 0
        while beat < beats:
            last, response, identity, data = await self.until(
                ctx, port.rvalid, port.rlast, port.rresp, port.rid, port.rdata
            )
            if beat == 0:
                burst = self.reads.popleft()
                beats, inside = burst.beats, burst.address < self.memory.size_bytes
            assert identity == burst.identity
            assert last == (beat == beats - 1)
            assert response == (0 if inside else 2)
            expected = burst.expected[beat * width : (beat + 1) * width]
            assert not inside or data.to_bytes(width, "little") == expected, f"read at {burst.address:#x}, beat {beat}"
            beat += 1

    async def write(self, ctx: Any, address: int, beats: int, random_: random.Random, gap: float = 0.0) -> None:
        """A write burst with random strobes; its beats may come before or behind the address."""
        port, width = self.memory.port, self.memory.target.port_bytes
        data = [random_.randbytes(width) for _ in range(beats)]
        strobes = [random_.choice((0, (1 << width) - 1, random_.getrandbits(width))) for _ in range(beats)]
        ctx.set(port.awaddr, address)
        ctx.set(port.awlen, beats - 1)
        ctx.set(port.awvalid, 1)
        ctx.set(port.bready, 1)
        sent, offered = 0, False
        for _ in range(PATIENCE):
            if not offered and sent < beats and random_.random() >= gap:
                ctx.set(port.wdata, int.from_bytes(data[sent], "little"))
                ctx.set(port.wstrb, strobes[sent])
                ctx.set(port.wlast, sent == beats - 1)
                ctx.set(port.wvalid, 1)
                offered = True
            values = (port.awvalid, port.awready, port.wready, port.bvalid, port.bresp)
            _, _, wanted, accepted, taken, answered, response = await ctx.tick().sample(*values)
            if wanted and accepted:
                self._store(address, data, strobes)
                ctx.set(port.awvalid, 0)
            if offered and taken:
                sent, offered = sent + 1, False
                ctx.set(port.wvalid, 0)
            if answered:
                assert response == (0 if address < self.memory.size_bytes else 2)
                assert sent == beats
                return
        raise AssertionError(f"the memory hangs: a write burst at {address:#x} is not answered")

    def _store(self, address: int, data: list[bytes], strobes: list[int]) -> None:
        if address >= len(self.model):
            return
        for beat, enabled in zip(data, strobes, strict=True):
            for byte, value in enumerate(beat):
                if enabled >> byte & 1:
                    self.model[address + byte] = value
            address += len(beat)

    async def host_word(self, ctx: Any, address: int, write: bool, random_: random.Random) -> None:
        """One access of the host."""
        host = self.memory.host
        data = random_.randbytes(4)
        inside = address < self.memory.size_bytes
        ctx.set(host.address, address)
        ctx.set(host.write, write)
        ctx.set(host.write_data, int.from_bytes(data, "little"))
        ctx.set(host.request, 1)
        (found,) = await self.until(ctx, host.done, host.read_data)
        ctx.set(host.request, 0)
        if write and inside:
            self.model[address : address + 4] = data
        elif not write:
            expected = bytes(self.model[address : address + 4]) if inside else bytes(4)
            assert found.to_bytes(4, "little") == expected, f"host at {address:#x}"
        await ctx.tick()


def random_traffic(bench: SdramBench, seed: int, bursts: int, gap: float, span: int = 1 << 15) -> list[User]:
    """Users of everything at once: read bursts, write bursts, host words, at random places of ``span`` bytes.

    ``gap`` is the share of cycles that masters rest. One access in 16 lies outside the memory.
    """
    target, size = bench.memory.target, bench.memory.size_bytes
    total = 2 * bursts

    def place(random_: random.Random) -> tuple[int, int]:
        block = random_.randrange(span // target.burst_bytes) * target.burst_bytes & ~HOST_BIT
        first = random_.randrange(target.burst_beats)
        beats = random_.choice((1, 2, target.burst_beats - first, random_.randint(1, target.burst_beats - first)))
        address = block + first * target.port_bytes
        beats = min(beats, target.burst_beats - first)
        return (address if random_.randrange(16) else address + size), beats

    async def rest(ctx: Any, random_: random.Random) -> None:
        while random_.random() < gap:
            await pause(ctx, random_.randint(1, 20))

    async def pause(ctx: Any, cycles: int) -> None:
        for _ in range(cycles):
            await ctx.tick()

    async def requests(ctx: Any) -> None:
        random_ = random.Random(seed)
        for _ in range(total):
            await rest(ctx, random_)
            await bench.request_read(ctx, *place(random_), random_.randrange(3))

    async def answers(ctx: Any) -> None:
        for _ in range(total):
            await bench.take_read(ctx)

    async def writes(ctx: Any) -> None:
        random_ = random.Random(seed + 1)
        for _ in range(bursts):
            await rest(ctx, random_)
            await bench.write(ctx, *place(random_), random_, gap)

    async def host(ctx: Any) -> None:
        random_ = random.Random(seed + 2)
        for _ in range(bursts // 2):
            await pause(ctx, random_.randint(1, 60))
            address = random_.randrange(0, span, 4) | HOST_BIT
            outside = size if random_.randrange(8) == 0 else 0
            await bench.host_word(ctx, address + outside, bool(random_.randrange(2)), random_)

    return [requests, answers, writes, host]
