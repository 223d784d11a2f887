"""Drives the smart DMA's RTL in Amaranth's simulator and logs the events that the model predicts."""

import random
from typing import Any

from amaranth.hdl import Module
from amaranth.sim import Simulator, SimulatorContext

from tests.hw_dma.model import Log
from tests.hw_dma.surroundings import paused, some_tiles
from tileloom.hw.dma.smart_dma import SmartDma
from tileloom.hw.spec.config import Target

BASE = 0x4000_0000
"""The address window's first byte on the bus."""
LINES = {"addresses": "load_addresses", "loader": "loader", "weights": "weights", "store": "store"}


class Bench:
    """One run: words for every line are sent at random where there is room; ``sent`` tells when."""

    def __init__(self, target: Target, memory: bytes, words: dict[str, list[int]], seed: int) -> None:
        self.target = target
        self.memory = bytearray(memory)
        self.words = {name: list(line) for name, line in words.items()}
        self.sent: dict[str, list[tuple[int, int]]] = {name: [] for name in words}
        self.rng = random.Random(seed)
        self.tiles = some_tiles(target, seed)
        self.log: Log = {}
        self.reads: list[tuple[int, int, int, bool]] = []  # first cycle, client, address, last
        self.responses: list[int] = []
        self.slot_data: list[list[int]] = []
        self.before: tuple[Any, ...] | None = None

    def event(self, kind: str, cycle: int, *details: Any) -> None:
        """Note an event."""
        self.log.setdefault(kind, []).append((cycle, *details))

    def run(self, cycles: int, program: tuple[int, int], pops: list[bool]) -> Log:
        """All cycles from the start strobe (0) on."""
        dma = SmartDma(self.target)
        m = Module()
        m.submodules.dma = dma
        simulator = Simulator(m)
        simulator.add_clock(1e-6)

        async def process(ctx: SimulatorContext) -> None:
            for port, value in (
                (dma.window_base, BASE),
                (dma.window_bytes, len(self.memory)),
                (dma.program_address, program[0]),
                (dma.program_bytes, program[1]),
            ):
                ctx.set(port, value)
            for cycle in range(cycles):
                ctx.set(dma.start, cycle == 0)
                self._cycle(ctx, dma, cycle, pops[cycle])
                await ctx.tick()

        simulator.add_testbench(process)
        simulator.run()
        return {kind: sorted(events) for kind, events in self.log.items()}

    def _cycle(self, ctx: SimulatorContext, dma: SmartDma, cycle: int, pop: bool) -> None:
        self._send_words(ctx, dma, cycle)
        claims: list[dict[str, int]] = [{} for _ in self.tiles]
        self._answer_reservation(ctx, dma.activation_space, ("window", "residual"), cycle, claims)
        self._answer_reservation(ctx, dma.weight_space, ("weights",), cycle, claims)
        self._memory_reads(ctx, dma, cycle)
        self._memory_writes(ctx, dma, cycle)
        released = self._slots(ctx, dma, cycle)
        if ctx.get(dma.word_valid) and pop:
            self.event("word", cycle, ctx.get(dma.word))
            ctx.set(dma.pop, 1)
        else:
            ctx.set(dma.pop, 0)
        self._lines(ctx, dma, cycle)
        idle = tuple(
            bool(ctx.get(port)) for port in (dma.loads_idle, dma.loader_idle, dma.weights_idle, dma.stores_idle)
        )
        state = (*idle, ctx.get(dma.stored))
        if state != self.before:
            self.event("state", cycle, *state)
        self.before = state
        error = ctx.get(dma.error)
        if error:
            self.event("error", cycle, error)
        for tile, claim, release in zip(self.tiles, claims, released, strict=True):
            tile.step(claim, release)

    def _send_words(self, ctx: SimulatorContext, dma: SmartDma, cycle: int) -> None:
        for name, words in self.words.items():
            line = getattr(dma, LINES[name])
            send = bool(words) and self.rng.random() < 0.9 and ctx.get(line.room)
            ctx.set(line.valid, send)
            if send:
                self.sent[name].append((cycle, words[0]))
                ctx.set(line.data, words.pop(0))

    def _answer_reservation(
        self, ctx: SimulatorContext, port: Any, logs: tuple[str, ...], cycle: int, claims: list[dict[str, int]]
    ) -> None:
        amount, log = ctx.get(port.amount), logs[ctx.get(port.destination) % len(logs)]
        ctx.set(port.room, sum(tile.room(log, amount) << n for n, tile in enumerate(self.tiles)))
        claim = ctx.get(port.claim)
        if claim:
            self.event(f"claim {log}", cycle, claim, amount)
        for n, claimed in enumerate(claims):
            if claim >> n & 1:
                claimed[log] = amount

    def _memory_reads(self, ctx: SimulatorContext, dma: SmartDma, cycle: int) -> None:
        axi, size, model = dma.axi, self.target.port_bytes, self.target.memory
        pause = paused(model, cycle)
        valid = bool(self.reads) and self.reads[0][0] <= cycle and not pause
        ctx.set(axi.rvalid, valid)
        if valid:
            _, client, address, last = self.reads.pop(0)
            ctx.set(axi.rid, client)
            ctx.set(axi.rlast, last)
            ctx.set(axi.rdata, int.from_bytes(self.memory[address : address + size], "little"))
        ctx.set(axi.arready, not pause)
        if ctx.get(axi.arvalid) and not pause:
            client, address, beats = ctx.get(axi.arid), ctx.get(axi.araddr) - BASE, ctx.get(axi.arlen) + 1
            self.event("request", cycle, client, address, beats)
            for beat in range(beats):
                self.reads.append((cycle + model.read_latency, client, address + beat * size, beat == beats - 1))

    def _memory_writes(self, ctx: SimulatorContext, dma: SmartDma, cycle: int) -> None:
        axi, size, model = dma.axi, self.target.port_bytes, self.target.memory
        pause = paused(model, cycle)
        answer = bool(self.responses) and self.responses[0] <= cycle and not pause
        ctx.set(axi.bvalid, answer)
        if answer:
            self.responses.pop(0)
        ctx.set(axi.awready, not pause)
        ctx.set(axi.wready, not pause)
        if pause:
            return
        if ctx.get(axi.awvalid):
            self.event("write request", cycle, ctx.get(axi.awaddr) - BASE, ctx.get(axi.awlen) + 1)
        if ctx.get(axi.wvalid):
            data, strobe, last = ctx.get(axi.wdata), ctx.get(axi.wstrb), bool(ctx.get(axi.wlast))
            self.event(
                "write", cycle, strobe, tuple(data >> 8 * i & 0xFF for i in range(size) if strobe >> i & 1), last
            )
            if last:
                self.responses.append(cycle + model.write_latency)

    def _slots(self, ctx: SimulatorContext, dma: SmartDma, cycle: int) -> list[bool]:
        size = self.target.port_bytes
        addresses = [ctx.get(slot.address) for slot in dma.slots]
        self.slot_data.append(
            [
                sum(tile.slot_byte((address + i) & 0x1FFFF) << 8 * i for i in range(size)) if tile.full else 0
                for tile, address in zip(self.tiles, addresses, strict=True)
            ]
        )
        released = []
        for n, (tile, slot) in enumerate(zip(self.tiles, dma.slots, strict=True)):
            ctx.set(slot.full, tile.full)
            if cycle >= 2:
                ctx.set(slot.data, self.slot_data[cycle - 2][n])
        for n, slot in enumerate(dma.slots):
            release = bool(ctx.get(slot.release))
            released.append(release)
            if release:
                self.event("release", cycle, n)
        return released

    def _lines(self, ctx: SimulatorContext, dma: SmartDma, cycle: int) -> None:
        line = dma.activations
        mask = ctx.get(line.mask)
        if mask:
            count, data, last = ctx.get(line.count), ctx.get(line.data), bool(ctx.get(line.last))
            value = data.to_bytes(self.target.window_banks, "little")[:count]
            advance = ctx.get(line.advance) if last else 0
            self.event("element", cycle, mask, ctx.get(line.destination), ctx.get(line.offset), value, last, advance)
        line = dma.weight_line
        mask = ctx.get(line.mask)
        if mask:
            last = bool(ctx.get(line.last))
            data = ctx.get(line.data).to_bytes(self.target.port_bytes, "little")
            self.event("weights", cycle, mask, data, last, ctx.get(line.words) if last else 0)
