"""The whole smart DMA against the model, event by event: random descriptors on every unit at once."""

import dataclasses
import random
from itertools import zip_longest

import pytest

from tests.hw_dma.bench import Bench
from tests.hw_dma.descriptors import WINDOW_BYTES, random_load, random_store, random_weights, slots_of
from tests.hw_dma.model import Log, Model
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import MemoryModel, Target, load_target

MEMORIES = {
    "quiet": MemoryModel(read_latency=7, write_latency=3),
    "paused": MemoryModel(read_latency=11, write_latency=2, pause_period=13, pause_cycles=4),
    "near": MemoryModel(read_latency=1, write_latency=1),
    "slow": MemoryModel(read_latency=90, write_latency=60, pause_period=7, pause_cycles=6),
}


def compare(rtl: Log, model: Log) -> None:
    """Every kind of event in the same cycles with the same contents; the earliest difference is shown."""
    differences = []
    for kind in sorted(rtl | model):
        ours, theirs = rtl.get(kind, []), model.get(kind, [])
        for one, other in zip_longest(ours, theirs):
            if one != other:
                cycle = min(event[0] for event in (one, other) if event)
                differences.append((cycle, f"{kind}: RTL {one}, model {other}"))
                break
    assert not differences, min(differences)


def simulate(target: Target, words: dict[str, list[int]], seed: int, cycles: int) -> tuple[Log, Log]:
    """Logs of the RTL and of the model."""
    rng = random.Random(seed)
    memory = rng.randbytes(WINDOW_BYTES)
    pace = rng.choice((0.1, 0.5, 0.97))
    pops = [rng.random() < pace for _ in range(cycles)]
    program = (rng.randrange(40) * target.port_bytes, 4 * rng.randint(0, 700))
    bench = Bench(target, memory, words, seed)
    rtl = bench.run(cycles, program, pops)
    return rtl, Model(target, memory, bench.sent, seed).run(cycles, program, pops)


def random_words(target: Target, seed: int, count: int) -> dict[str, list[int]]:
    """Words of every line; every wait ends, since what it waits for is stored by stores that wait for nothing."""
    rng = random.Random(seed)
    stores = [random_store(rng, target, tag) for tag in range(count)]
    stored = sum(slots_of(store) for store in stores)
    loads = [random_load(rng, target, tag, stored) for tag in range(count)]
    weights = [random_weights(rng, target, tag) for tag in range(count)]
    lines = {"addresses": loads, "loader": loads, "weights": weights, "store": stores}
    return {name: [word for one in line for word in isa.encode(one)] for name, line in lines.items()}


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("name", ["small", "odd", "default", "mac25"])
def test_all_units_at_once(name: str, memory: str) -> None:
    target = dataclasses.replace(load_target(name), memory=MEMORIES[memory])
    seed = 7
    rtl, model = simulate(target, random_words(target, seed, 12), seed, 2500)
    compare(rtl, model)
    assert len(rtl["element"]) > 100 and len(rtl["weights"]) > 50 and len(rtl["release"]) > 5 and "error" not in rtl
