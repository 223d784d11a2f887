"""Memories behind the AXI port in the benches: the paused one of the timing contract, and one that stalls at random."""

import random
from collections.abc import Callable
from typing import Any

from amaranth.sim import SimulatorContext

from tests.hw_dma.surroundings import paused
from tileloom.hw.spec.config import Target

Event = Callable[..., None]


class PacedMemory:
    """The memory of ``docs/architecture.md``; ``step`` once a cycle sets and reads the port's signals.

    ``data`` is the address window, ``base`` its first byte on the bus. Answers of the bursts whose number is in
    ``bad_reads`` or ``bad_writes`` are errors.
    """

    def __init__(self, target: Target, data: bytes, base: int, event: Event) -> None:
        self.target = target
        self.data = bytearray(data)
        self.base = base
        self.event = event
        self.bad_reads: set[int] = set()
        self.bad_writes: set[int] = set()
        self.read_bursts = self.write_bursts = self.answered = 0
        self.beats: list[tuple[int, int, int, bool, bool]] = []  # first cycle, client, address, last, error
        self.responses: list[int] = []
        self.write_places: list[int] = []

    def step(self, ctx: SimulatorContext, axi: Any, cycle: int) -> None:
        """One cycle."""
        pause = paused(self.target.memory, cycle)
        self.read_data(ctx, axi, None if pause or not self.beats or self.beats[0][0] > cycle else 0)
        self.read_request(ctx, axi, cycle, not pause)
        self.response(ctx, axi, not pause and bool(self.responses) and self.responses[0] <= cycle)
        self.write_request(ctx, axi, cycle, not pause)
        self.write_data(ctx, axi, cycle, not pause)

    def read_data(self, ctx: SimulatorContext, axi: Any, number: int | None) -> None:
        """Give one of the waiting beats, or none."""
        ctx.set(axi.rvalid, number is not None)
        if number is not None:
            _, client, address, last, error = self.beats.pop(number)
            ctx.set(axi.rid, client)
            ctx.set(axi.rlast, last)
            ctx.set(axi.rresp, 2 if error else 0)
            place = address - self.base
            ctx.set(axi.rdata, int.from_bytes(self.data[place : place + self.target.port_bytes], "little"))

    def read_request(self, ctx: SimulatorContext, axi: Any, cycle: int, ready: bool) -> None:
        """Take a read request."""
        ctx.set(axi.arready, ready)
        if ready and ctx.get(axi.arvalid):
            client, address, count = ctx.get(axi.arid), ctx.get(axi.araddr), ctx.get(axi.arlen) + 1
            self.check(address, count)
            self.event("request", cycle, client, address - self.base, count)
            first = cycle + self.target.memory.read_latency
            error = self.read_bursts in self.bad_reads
            self.read_bursts += 1
            for beat in range(count):
                place = address + beat * self.target.port_bytes
                self.beats.append((first, client, place, beat == count - 1, error))

    def response(self, ctx: SimulatorContext, axi: Any, valid: bool) -> None:
        """Give the oldest response, or none."""
        ctx.set(axi.bvalid, valid)
        if valid:
            self.responses.pop(0)
            ctx.set(axi.bresp, 2 if self.answered in self.bad_writes else 0)
            self.answered += 1

    def write_request(self, ctx: SimulatorContext, axi: Any, cycle: int, ready: bool) -> None:
        """Take a write request."""
        ctx.set(axi.awready, ready)
        if ready and ctx.get(axi.awvalid):
            address, count = ctx.get(axi.awaddr), ctx.get(axi.awlen) + 1
            self.check(address, count)
            self.event("write request", cycle, address - self.base, count)
            self.write_places += [address + beat * self.target.port_bytes for beat in range(count)]
            self.write_bursts += 1

    def write_data(self, ctx: SimulatorContext, axi: Any, cycle: int, ready: bool) -> None:
        """Take a beat; its address came before or comes with it."""
        ctx.set(axi.wready, ready)
        if ready and ctx.get(axi.wvalid):
            data, strobe, last = ctx.get(axi.wdata), ctx.get(axi.wstrb), bool(ctx.get(axi.wlast))
            written = {i: data >> 8 * i & 0xFF for i in range(self.target.port_bytes) if strobe >> i & 1}
            self.event("write", cycle, strobe, tuple(written.values()), last)
            place = self.write_places.pop(0) - self.base
            for i, value in written.items():
                self.data[place + i] = value
            if last:
                self.responses.append(cycle + self.target.memory.write_latency)

    def check(self, address: int, count: int) -> None:
        """Every burst is of whole beats, inside the window, and crosses no multiple of ``burst_bytes``."""
        size, burst = self.target.port_bytes, self.target.burst_bytes
        end = address + count * size
        assert address % size == 0 and address // burst == (end - 1) // burst, (hex(address), count)
        assert self.base <= address and end <= self.base + len(self.data), (hex(address), count)


class StallingMemory(PacedMemory):
    """Every channel stalls by itself at random, and beats of different clients come in any order.

    A valid that was not answered stays with all that belongs to it, which is checked.
    """

    def __init__(self, target: Target, data: bytes, base: int, event: Event, seed: int) -> None:
        super().__init__(target, data, base, event)
        self.rng = random.Random(seed)
        self.paces = [self.rng.choice((0.25, 0.5, 0.9)) for _ in range(5)]
        self.held: dict[str, tuple[int, ...]] = {}

    def step(self, ctx: SimulatorContext, axi: Any, cycle: int) -> None:
        """One cycle."""
        read, request, response, write_request, write = (self.rng.random() < pace for pace in self.paces)
        number = None
        if read and self.beats:
            client = self.rng.choice(self.beats)[1]
            number = next(n for n, beat in enumerate(self.beats) if beat[1] == client)
        self.read_data(ctx, axi, number)
        self.stays(ctx, "AR", request, axi.arvalid, axi.arid, axi.araddr, axi.arlen)
        self.read_request(ctx, axi, cycle, request)
        self.response(ctx, axi, response and bool(self.responses))
        self.stays(ctx, "AW", write_request, axi.awvalid, axi.awaddr, axi.awlen)
        self.write_request(ctx, axi, cycle, write_request)
        write = write and bool(self.write_places)
        self.stays(ctx, "W", write, axi.wvalid, axi.wdata, axi.wstrb, axi.wlast)
        self.write_data(ctx, axi, cycle, write)

    def stays(self, ctx: SimulatorContext, channel: str, ready: bool, valid: Any, *payload: Any) -> None:
        """Compare with what was offered in the cycle before and not taken."""
        now = tuple(ctx.get(signal) for signal in payload) if ctx.get(valid) else ()
        if self.held.get(channel):
            assert now == self.held[channel], f"{channel} changed while it waited: {self.held[channel]}, then {now}"
        self.held[channel] = () if ready else now
