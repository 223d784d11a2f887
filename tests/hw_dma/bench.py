"""Drives the smart DMA's RTL in Amaranth's simulator and logs the events that the model predicts."""

import random
from typing import Any

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.sim import Simulator, SimulatorContext

from tests.hw_dma.memories import PacedMemory, StallingMemory
from tests.hw_dma.model import Log
from tests.hw_dma.surroundings import some_tiles
from tileloom.hw.dma.smart_dma import SmartDma
from tileloom.hw.spec.config import Target

BASE = 0x4000_0000
"""The address window's first byte on the bus."""
LINES = {"addresses": "load_addresses", "loader": "loader", "weights": "weights", "store": "store"}


class Run:
    """One run of the smart DMA from a start strobe (cycle 0) on; ``log`` has its events, ``sent`` every line's words.

    Words are sent at random where there is room. As at the top, an error or ``abort_at`` halts from the next cycle on.
    """

    def __init__(
        self,
        target: Target,
        memory: bytes,
        words: dict[str, list[int]],
        seed: int,
        cycles: int,
        program: tuple[int, int] = (0, 0),
        pops: list[bool] | None = None,
        stalling: bool = False,
        abort_at: int | None = None,
    ) -> None:
        self.target = target
        self.cycles = cycles
        self.program = program
        self.pops = pops or [True] * cycles
        self.abort_at = abort_at
        self.memory = PacedMemory(target, memory, BASE, self.event)
        if stalling:
            self.memory = StallingMemory(target, memory, BASE, self.event, seed)
        self.words = {name: list(line) for name, line in words.items()}
        self.sent: dict[str, list[tuple[int, int]]] = {name: [] for name in words}
        self.rng = random.Random(seed)
        self.tiles = some_tiles(target, seed)
        self.log: Log = {}
        self.slot_data: list[list[int]] = []
        self.before: tuple[Any, ...] | None = None
        self.halted = False
        self.drained = False

    def event(self, kind: str, cycle: int, *details: Any) -> None:
        """Note an event."""
        self.log.setdefault(kind, []).append((cycle, *details))

    async def drive(self, ctx: SimulatorContext, dma: SmartDma) -> None:
        """All cycles of the run; the reset came before."""
        for port, value in (
            (dma.window_base, BASE),
            (dma.window_bytes, len(self.memory.data)),
            (dma.program_address, self.program[0]),
            (dma.program_bytes, self.program[1]),
            (dma.halt, 0),
        ):
            ctx.set(port, value)
        for cycle in range(self.cycles):
            ctx.set(dma.start, cycle == 0)
            ctx.set(dma.halt, self.halted)
            self._cycle(ctx, dma, cycle, self.pops[cycle] and not self.halted)
            self.drained = bool(ctx.get(dma.drained))
            self.halted |= "error" in self.log or cycle == self.abort_at
            await ctx.tick()
        self.log = {kind: sorted(events) for kind, events in self.log.items()}

    def _cycle(self, ctx: SimulatorContext, dma: SmartDma, cycle: int, pop: bool) -> None:
        self._send_words(ctx, dma, cycle)
        claims: list[dict[str, int]] = [{} for _ in self.tiles]
        self._answer_reservation(ctx, dma.activation_space, ("window", "residual"), cycle, claims)
        self._answer_reservation(ctx, dma.weight_space, ("weights",), cycle, claims)
        self.memory.step(ctx, dma.axi, cycle)
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
            send = bool(words) and self.rng.random() < 0.9 and not self.halted and bool(ctx.get(line.room))
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
            enable, data, last = ctx.get(line.enable), ctx.get(line.data), bool(ctx.get(line.last))
            bytes_ = data.to_bytes(self.target.window_banks, "little")
            value = tuple((i, byte) for i, byte in enumerate(bytes_) if enable >> i & 1)
            advance = ctx.get(line.advance) if last else 0
            self.event("element", cycle, mask, ctx.get(line.destination), ctx.get(line.offset), value, last, advance)
        line = dma.weight_line
        mask = ctx.get(line.mask)
        if mask:
            last = bool(ctx.get(line.last))
            data = ctx.get(line.data).to_bytes(self.target.port_bytes, "little")
            self.event("weights", cycle, mask, data, last, ctx.get(line.words) if last else 0)


def run_all(target: Target, runs: list[Run]) -> None:
    """The runs one after another on one smart DMA, each after one cycle of reset."""
    dma, reset = SmartDma(target), Signal()
    m = Module()
    m.submodules.dma = ResetInserter(reset)(dma)
    simulator = Simulator(m)
    simulator.add_clock(1e-6)

    async def process(ctx: SimulatorContext) -> None:
        for run in runs:
            ctx.set(reset, 1)
            await ctx.tick()
            ctx.set(reset, 0)
            await run.drive(ctx, dma)

    simulator.add_testbench(process)
    simulator.run()
