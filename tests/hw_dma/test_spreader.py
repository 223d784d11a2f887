# amaranth: UnusedElaboratable=no
"""The spreader against the contract's formula, for every piece, distance and length."""

import random

import pytest
from amaranth.sim import Simulator, SimulatorContext

from tileloom.hw.dma.spreader import Spreader
from tileloom.hw.spec import isa


@pytest.mark.parametrize(("banks", "width"), [(4, 1), (8, 1), (16, 1), (32, 1), (4, 2), (8, 2)])
def test_every_form_equals_the_formula(banks: int, width: int) -> None:
    """Elements of ``width`` bytes."""
    dut = Spreader(banks, 8 * width)
    rng = random.Random(banks)
    spreads = range(min(2 * banks, 64))
    forms = [(0, rng.choice(spreads))] + [(p, s) for p in range(1, isa.PIECE_MAXIMUM + 1) for s in spreads if s > p]

    async def process(ctx: SimulatorContext) -> None:
        for piece, spread in forms:
            ctx.set(dut.load, 1)
            ctx.set(dut.piece, piece)
            ctx.set(dut.spread, spread)
            await ctx.tick()
            ctx.set(dut.load, 0)
            ctx.set(dut.piece, rng.randrange(8))
            places = [i // piece * spread + i % piece if piece else i for i in range(banks)]
            most = sum(place < banks for place in places)
            for count in {1, most, rng.randint(1, most)}:
                values = [rng.getrandbits(8 * width) for _ in range(banks)]
                ctx.set(dut.bytes, sum(value << (8 * width * i) for i, value in enumerate(values)))
                ctx.set(dut.count, count)
                data, enable = ctx.get(dut.data), ctx.get(dut.enable)
                codes = [data >> (8 * width * i) & ((1 << 8 * width) - 1) for i in range(banks)]
                found = {place: codes[place] for place in range(banks) if enable >> place & 1}
                assert found == {places[i]: values[i] for i in range(count)}, (piece, spread, count)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="banks must be a power of two from 4, not 6"):
        Spreader(6)
