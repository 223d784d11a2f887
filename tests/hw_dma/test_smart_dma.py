"""The whole smart DMA against the model, event by event: random descriptors on every unit at once."""

import dataclasses
import random

import pytest

from tests.hw_dma.bench import Run, run_all
from tests.hw_dma.compare import compare, contents
from tests.hw_dma.descriptors import WINDOW_BYTES, random_words
from tests.hw_dma.model import Log, Model
from tileloom.hw.spec.config import MemoryModel, Target, load_target

MEMORIES = {
    "quiet": MemoryModel(read_latency=7, write_latency=3),
    "paused": MemoryModel(read_latency=11, write_latency=2, pause_period=13, pause_cycles=4),
    "near": MemoryModel(read_latency=1, write_latency=1),
    "slow": MemoryModel(read_latency=40, write_latency=60, pause_period=7, pause_cycles=4),
}


PRESETS = {name: load_target(name) for name in ("small", "odd", "default", "mac25")}
TARGETS = {
    **PRESETS,
    "many": dataclasses.replace(PRESETS["odd"], tiles_x=5, tiles_y=2, outstanding=2),
    "tiny": dataclasses.replace(PRESETS["mac25"], staging_bursts=2, outstanding=1),
    "wide": dataclasses.replace(
        PRESETS["default"],
        port_bytes=32,
        window_banks=8,
        burst_beats=4,
        staging_bursts=2,
        map_bytes=1024,
        outstanding=16,
    ),
}
"""The presets; many tiles; a small staging ring; a port wider than an element with short bursts."""


def simulate(target: Target, words: dict[str, list[int]], seed: int, cycles: int) -> tuple[Log, Log]:
    """Logs of the RTL and of the model."""
    rng = random.Random(seed)
    memory = rng.randbytes(WINDOW_BYTES)
    pace = rng.choice((0.1, 0.5, 0.97))
    pops = [rng.random() < pace for _ in range(cycles)]
    program = (rng.randrange(40) * target.port_bytes, 4 * rng.randint(0, 700))
    run = Run(target, memory, words, seed, cycles, program, pops)
    run_all(target, [run])
    return run.log, Model(target, memory, run.sent, seed).run(cycles, program, pops)


CASES = [
    *((name, memory) for name in PRESETS for memory in ("quiet", "paused")),
    *(("small", "near"), ("odd", "near"), ("odd", "slow"), ("many", "paused"), ("tiny", "near"), ("wide", "quiet")),
]


@pytest.mark.parametrize(("name", "memory"), CASES)
def test_all_units_at_once(name: str, memory: str) -> None:
    target = dataclasses.replace(TARGETS[name], memory=MEMORIES[memory])
    seed = 10
    rtl, model = simulate(target, random_words(target, seed, 12), seed, 1200)
    compare(rtl, model)
    assert {"element", "weights", "release", "request", "write", "state"} < set(rtl) and "error" not in rtl
    assert sum(map(len, rtl.values())) > 200


@pytest.mark.full
@pytest.mark.parametrize("seed", range(100, 160))
def test_all_units_at_once_many_times(seed: int) -> None:
    rng = random.Random(seed)
    period = rng.choice((0, 0, 5, 17))
    memory = MemoryModel(
        read_latency=rng.choice((1, 2, 9, 40)),
        write_latency=rng.choice((1, 4, 10, 50)),
        pause_period=period,
        pause_cycles=rng.randint(0, max(period - 1, 0)),
    )
    name = sorted(TARGETS)[seed % len(TARGETS)]
    target = dataclasses.replace(TARGETS[name], memory=memory, outstanding=rng.choice((1, 2, 3, 16)))
    rtl, model = simulate(target, random_words(target, seed, rng.choice((8, 20))), seed, 2500)
    compare(rtl, model)


@pytest.mark.parametrize("seed", range(4))
def test_random_stalls_on_every_channel_change_no_data(seed: int) -> None:
    name = ("small", "odd", "default", "mac25")[seed]
    target = dataclasses.replace(load_target(name), map_bytes=0, memory=MEMORIES["near"])
    cycles = 5000
    memory = random.Random(seed).randbytes(WINDOW_BYTES)
    program = (64, 900)
    run = Run(
        target, memory, random_words(target, seed, 2 if name == "mac25" else 4), seed, cycles, program, stalling=True
    )
    run_all(target, [run])
    model = Model(target, memory, run.sent, seed).run(cycles, program, [True] * cycles)
    assert run.drained and run.log["state"][-1][1:] == model["state"][-1][1:]
    assert run.log["state"][-1][1:5] == (True, True, True, True)
    ours, theirs = contents(run.log), contents(model)
    for kind in ("element", "weights", "word", "write request", "write"):
        assert ours[kind] == theirs[kind], kind
