# amaranth: UnusedElaboratable=no
"""Loop counters, loop addresses and masks against nested loops in Python."""

import random
from itertools import product

import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator, SimulatorContext

from tests.hw_dma.descriptors import random_load
from tileloom.hw.dma.element_walk import ElementWalk
from tileloom.hw.dma.loop_address import LoopAddress
from tileloom.hw.dma.loop_nest import LoopNest
from tileloom.hw.dma.part_mask import PartMask
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import load_target

CASES = [([1, 1, 1], 1), ([4, 1, 3], 1), ([6, 2, 2], 2), ([1, 5, 1], 1), ([0, 2, 0], 1), ([3, 3, 3], 3), ([0, 2, 2], 0)]


@pytest.mark.parametrize(("counts", "amount"), CASES)
def test_nest_and_address_walk_like_loops(counts: list[int], amount: int) -> None:
    rng = random.Random(sum(counts))
    bits = 12
    strides = [rng.randrange(1 << bits) for _ in counts]
    start = rng.randrange(1 << bits)
    passes = [max(1, -(-counts[0] // max(amount, 1))), *(max(1, count) for count in counts[1:])]
    indices = [index[::-1] for index in product(*(range(count) for count in passes[::-1]))]
    wanted = [(start + sum(i * s for i, s in zip(index, strides, strict=True))) % (1 << bits) for index in indices]
    m = Module()
    m.submodules.nest = nest = LoopNest([4, 4, 4])
    m.submodules.places = places = LoopAddress(3, bits)
    m.d.comb += [places.load.eq(nest.load), places.step.eq(nest.step), places.advance.eq(nest.advance)]
    seen = []

    async def process(ctx: SimulatorContext) -> None:
        ctx.set(places.start, start)
        ctx.set(nest.amount, amount)
        for level in range(3):
            ctx.set(getattr(nest, f"count{level}"), counts[level])
            ctx.set(getattr(places, f"stride{level}"), strides[level])
        for _ in range(2):  # a second load begins anew
            ctx.set(nest.load, 1)
            await ctx.tick()
            ctx.set(nest.load, 0)
            for level in range(3):
                ctx.set(getattr(nest, f"count{level}"), 9)  # only sampled at the load
            done = False
            while not done:
                if rng.random() < 0.3:
                    await ctx.tick()
                seen.append(ctx.get(places.address))
                done = bool(ctx.get(nest.done))
                assert (ctx.get(nest.advance) == 0) == done
                ctx.set(nest.step, not done)
                await ctx.tick()
                ctx.set(nest.step, 0)
            for level in range(3):
                ctx.set(getattr(nest, f"count{level}"), counts[level])

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()
    assert seen == 2 * wanted


def test_nest_refuses_no_levels() -> None:
    with pytest.raises(ValueError, match="at least one level"):
        LoopNest([])
    with pytest.raises(ValueError, match="at least 1"):
        LoopAddress(0, 8)


@pytest.mark.parametrize("name", ["default", "odd", "small"])
def test_mask_moves_with_the_parts(name: str) -> None:
    target = load_target(name)
    rng = random.Random(1)
    dut = PartMask(target)

    async def process(ctx: SimulatorContext) -> None:
        for _ in range(30):
            start, shift = rng.randrange(1 << 32), rng.choice((0, 1, 2, 31, 63))
            ctx.set(dut.start, start)
            ctx.set(dut.shift, shift)
            ctx.set(dut.load, 1)
            await ctx.tick()
            ctx.set(dut.load, 0)
            ctx.set(dut.start, 0)
            for part in (0, 1, 2, 0, 1):
                ctx.set(dut.first_part, part == 0)
                ctx.set(dut.next_part, part > 0)
                await ctx.tick()
                assert ctx.get(dut.mask) == (start << part * shift) % (1 << target.tiles)
            ctx.set(dut.next_part, 0)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()


def elements(d: isa.Load) -> list[tuple[bool, int, int, int, bool]]:
    """Is data, takes, writes, offset, last of its chunk: of every element, straight from the contract's loops."""
    found = []
    rows = d.rows_before + d.rows + d.rows_after
    for _, _, block in product(range(d.bands), range(d.parts), range(d.blocks)):
        for row in range(rows):
            at = block * d.block_window + row * d.row_window
            is_data = d.rows_before <= row < d.rows_before + d.rows
            line = [(False, 0, d.pad_write, d.pad_pitch)] * d.pad_left
            line += [(is_data, d.take, d.write, d.pitch)] * (d.elements - 1)
            last_pitch = d.last_pitch if d.piece else d.last_write if d.pitch == d.write else d.pitch
            line += [(is_data, d.last_take, d.last_write, last_pitch)]
            line += [(False, 0, d.pad_write, d.pad_pitch)] * d.pad_right
            for number, (data, take, write, pitch) in enumerate(line):
                last = block == d.blocks - 1 and row == rows - 1 and number == len(line) - 1
                found.append((data, take, write, at % (1 << 24), last))
                at += pitch
    return found


@pytest.mark.parametrize("name", ["default", "odd", "small", "mac25"])
def test_walk_visits_every_element(name: str) -> None:
    target = load_target(name)
    rng = random.Random(11)
    loads = [random_load(rng, target, tag, 0) for tag in range(40)]
    dut = ElementWalk(target)

    async def process(ctx: SimulatorContext) -> None:
        for load in loads:
            ctx.set(dut.words, sum(word << 32 * n for n, word in enumerate(isa.encode(load))))
            ctx.set(dut.load, 1)
            await ctx.tick()
            ctx.set(dut.load, 0)
            ctx.set(dut.words, 0)
            wanted = elements(load)
            for number, (is_data, take, write, offset, last) in enumerate(wanted):
                assert ctx.get(dut.is_data) == is_data
                assert not is_data or ctx.get(dut.take) == take
                assert (ctx.get(dut.count), ctx.get(dut.offset)) == (write, offset), (isa.disassemble(load), number)
                assert ctx.get(dut.ends_chunk) == last
                assert ctx.get(dut.done) == (number == len(wanted) - 1)
                ctx.set(dut.step, 1)
                await ctx.tick()
                ctx.set(dut.step, 0)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()
