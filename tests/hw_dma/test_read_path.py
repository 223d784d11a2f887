# amaranth: UnusedElaboratable=no
"""Short queue, burst cutter, read server and map buffer, each alone."""

import dataclasses
import random
from collections import deque

import pytest
from amaranth.sim import Simulator, SimulatorContext

from tileloom.hw.dma.burst_cutter import BurstCutter
from tileloom.hw.dma.map_buffer import MapBuffer
from tileloom.hw.dma.read_server import ReadServer
from tileloom.hw.dma.short_queue import ShortQueue
from tileloom.hw.spec import timing
from tileloom.hw.spec.config import load_target


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_queue_keeps_the_order(depth: int) -> None:
    rng = random.Random(depth)
    dut = ShortQueue(8, depth)
    inside: deque[int] = deque()
    fills = set()

    async def process(ctx: SimulatorContext) -> None:
        pace = 0.5
        for cycle in range(600):
            if cycle % 50 == 0:
                pace = rng.choice((0.1, 0.5, 0.9))
            assert ctx.get(dut.valid) == bool(inside)
            if inside:
                assert ctx.get(dut.o) == inside[0]
            pop = bool(inside) and rng.random() < 0.5
            push = (len(inside) < depth or pop) and rng.random() < pace
            value = rng.randrange(256)
            ctx.set(dut.pop, pop)
            ctx.set(dut.push, push)
            ctx.set(dut.i, value)
            await ctx.tick()
            if pop:
                inside.popleft()
            if push:
                inside.append(value)
            fills.add((len(inside), pop, push))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()
    assert (depth, True, True) in fills and (0, True, False) in fills


@pytest.mark.parametrize("name", ["default", "odd", "mac25", "small"])
def test_cutter_cuts_at_the_multiples(name: str) -> None:
    target = load_target(name)
    dut = BurstCutter(target, 24)
    rng = random.Random(3)
    size, burst = target.port_bytes, target.burst_bytes
    kinds = set()

    async def process(ctx: SimulatorContext) -> None:
        for _ in range(1500):
            base = rng.randrange(1 << 20) << 12
            window = rng.choice(
                (rng.randrange(1, 1 << 16), rng.randrange(1 << 32), 3 * burst, 0xFFFF_FFFF, 5 * burst + size)
            )
            near = rng.choice((0, 0, 1, size, burst, burst - 1, 2 * burst))
            address = rng.choice(
                (rng.randrange(1 << 32), rng.randrange(window + 1), max(0, window - near), 0xFFFF_FFFF)
            )
            left = rng.choice((1, size, burst, rng.randint(1, 2 * burst), rng.randrange(1, 1 << 24)))
            space = int(rng.random() < 0.2)
            ctx.set(dut.window_base, base)
            ctx.set(dut.window_bytes, window)
            ctx.set(dut.address, address)
            ctx.set(dut.left, left)
            ctx.set(dut.space, space)
            ctx.set(dut.compute, 1)
            await ctx.tick()
            ctx.set(dut.compute, 0)
            length = min(left, burst - address % burst)
            beats = -(-(address % size + length) // size)
            first = address // size * size
            outside = first + beats * size > (target.map_bytes if space else window)
            kinds.add((outside, length == left, space))
            assert ctx.get(dut.length) == beats - 1
            assert ctx.get(dut.bus_address) == (first + (0 if space else base)) % (1 << 32)
            assert ctx.get(dut.last_byte) == (address + length - 1) % size
            assert ctx.get(dut.ends_run) == (length == left)
            assert ctx.get(dut.outside) == outside, (hex(address), left, hex(window), space)
            assert ctx.get(dut.next_address) == (address + length) % (1 << 32)
            assert length == left or ctx.get(dut.next_left) == left - length

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()
    assert len(kinds) == (8 if target.map_bytes else 6), kinds


def test_server_grants_in_the_fixed_order_and_counts() -> None:
    rng = random.Random(4)
    limit = 3
    dut = ReadServer([0, 1, 2], limit)
    ties = set()

    async def process(ctx: SimulatorContext) -> None:
        request: tuple[int, int, int] | None = None
        under_way = 0
        for _ in range(1500):
            offered = [rng.random() < 0.4 for _ in range(3)]
            values = [(rng.randrange(1 << 32), rng.randrange(256)) for _ in range(3)]
            for offer, valid, (address, length) in zip(dut.offers, offered, values, strict=True):
                ctx.set(offer.valid, valid)
                ctx.set(offer.address, address)
                ctx.set(offer.length, length)
            retire = under_way > (request is not None) and rng.random() < 0.3
            ready = rng.random() < 0.5
            ctx.set(dut.retire, retire)
            ctx.set(dut.ready, ready)
            assert ctx.get(dut.valid) == (request is not None)
            if request:
                assert (ctx.get(dut.client), ctx.get(dut.address), ctx.get(dut.length)) == request
            assert ctx.get(dut.idle) == (under_way == 0)
            chosen = offered.index(True) if any(offered) and request is None and under_way < limit else None
            assert [ctx.get(offer.granted) for offer in dut.offers] == [int(n == chosen) for n in range(3)]
            ties.add((tuple(offered), under_way))
            await ctx.tick()
            if ready:
                request = None
            if chosen is not None:
                request = (chosen, *values[chosen])
            under_way += (chosen is not None) - retire

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()
    assert ((True, True, True), limit) in ties and ((False, True, True), 0) in ties


@pytest.mark.parametrize("name", ["default", "odd", "mac25"])
def test_map_buffer_reads_bursts_and_writes_bytes(name: str) -> None:
    target = dataclasses.replace(load_target(name), outstanding=3)
    dut = MapBuffer(target)
    rng = random.Random(9)
    size, depth = target.port_bytes, target.map_bytes // target.port_bytes
    content = [0] * depth
    wanted: dict[int, tuple[int, bool, int]] = {}  # cycle of the beat: client, last, address
    data_at: dict[int, int] = {}
    back_to_back = set()

    async def process(ctx: SimulatorContext) -> None:
        free_from = 0
        ends: list[int] = []
        for cycle in range(1200):
            # ``beat`` stands one cycle after its beat; the memory was read one cycle before the beat.
            due = wanted.get(cycle - 1)
            assert ctx.get(dut.beat.valid) == (due is not None), cycle
            if due:
                assert (ctx.get(dut.beat.client), ctx.get(dut.beat.last)) == due[:2]
                assert ctx.get(dut.beat.data) == data_at[cycle - 1]
            if cycle + 1 in wanted:
                data_at[cycle + 1] = content[wanted[cycle + 1][2]]
            ends = [end for end in ends if end >= cycle]
            request = len(ends) < 3 and rng.random() < 0.4
            ctx.set(dut.request, request)
            if request:
                client, length = rng.choice((1, 2)), rng.choice((1, 2, target.burst_beats))
                address = rng.randrange(depth - length)
                ctx.set(dut.client, client)
                ctx.set(dut.address, address * size)
                ctx.set(dut.length, length - 1)
                first = max(cycle + timing.MAP_READ_LATENCY, free_from)
                back_to_back.add(first == free_from)
                for beat in range(length):
                    wanted[first + beat] = (client, beat == length - 1, address + beat)
                free_from = first + length
                ends.append(free_from - 1)
            strobe = rng.choice((0, 1, (1 << size) - 1, rng.randrange(1 << size)))
            place, value = rng.randrange(depth), rng.getrandbits(8 * size)
            ctx.set(dut.write_strobe, strobe)
            ctx.set(dut.write_address, place)
            ctx.set(dut.write_data, value)
            await ctx.tick()
            lanes = sum(0xFF << 8 * i for i in range(size) if strobe >> i & 1)
            content[place] = content[place] & ~lanes | value & lanes

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()
    assert back_to_back == {True, False}


def test_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="depth must be at least 1, not 0"):
        ShortQueue(1, 0)
    with pytest.raises(ValueError, match="outstanding must be at least 1, not 0"):
        ReadServer([0], 0)
    with pytest.raises(ValueError, match="map_bytes must not be 0"):
        MapBuffer(load_target("small"))
