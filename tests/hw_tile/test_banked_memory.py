# amaranth: UnusedElaboratable=no
"""The banked memory against a list."""

import random

import pytest
from amaranth.sim import Simulator

from tileloom.hw.banked_memory import BankedMemory


@pytest.mark.parametrize("output_register", [True, False])
@pytest.mark.parametrize(
    ("banks", "rows", "bits"), [(2, 2, 8), (4, 6, 8), (8, 286, 8), (16, 32, 8), (64, 2, 8), (4, 6, 16)]
)
def test_random_writes_and_reads_equal_a_list(banks: int, rows: int, bits: int, output_register: bool) -> None:
    memory = BankedMemory(banks, rows, output_register, bits)
    size = banks * rows
    rng = random.Random(f"{banks} {rows} {output_register}")
    model: list[int | None] = [None] * size
    delayed: list[tuple[int, list[int]]] = []
    expected: list[tuple[int, list[int | None]]] = []
    compared = 0

    async def bench(ctx) -> None:  # type: ignore[no-untyped-def]
        nonlocal compared
        for cycle in range(1500):
            # A write is seen from two cycles later on; what is on its way is undefined.
            for address, values in delayed[:-1] if len(delayed) > 1 else []:
                for i, value in enumerate(values):
                    model[(address + i) % size] = value
            del delayed[:-1]
            read = rng.choice([rng.randrange(size), size - 1 - rng.randrange(min(size, 2 * banks))])
            view = [model[(read + i) % size] for i in range(banks)]
            on_the_way = {(a + i) % size for a, v in delayed for i in range(len(v))}
            count = rng.choice([0, 1, banks - 1, banks, rng.randrange(banks + 1)])
            address = rng.choice([rng.randrange(size), size - 1 - rng.randrange(min(size, 2 * banks))])
            values = [rng.randrange(1 << bits) for _ in range(count)]
            on_the_way |= {(address + i) % size for i in range(count)}
            view = [None if (read + i) % size in on_the_way else view[i] for i in range(banks)]
            ctx.set(memory.write_address, address)
            ctx.set(memory.write_enable, (1 << count) - 1)
            data = sum(value << (bits * i) for i, value in enumerate(values))
            ctx.set(memory.write_data, data | rng.getrandbits(bits) << (bits * count))
            ctx.set(memory.read_address, read)
            delayed.append((address, values))
            expected.append((cycle + memory.latency, view))
            if expected[0][0] == cycle:
                data = ctx.get(memory.read_data)
                for i, wanted in enumerate(expected.pop(0)[1]):
                    if wanted is not None:
                        compared += 1
                        assert data >> (bits * i) & ((1 << bits) - 1) == wanted, f"cycle {cycle}, element {i}"
            await ctx.tick()

    simulator = Simulator(memory)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert compared > 1000


@pytest.mark.parametrize(
    ("banks", "rows", "message"),
    [(3, 4, "banks must be a power of two from 2, not 3"), (4, 5, "rows must be even, not 5")],
)
def test_impossible_sizes_are_refused(banks: int, rows: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BankedMemory(banks, rows)
