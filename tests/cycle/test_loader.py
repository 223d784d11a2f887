"""The loader's closed forms against a loop over elements."""

import random
from dataclasses import dataclass

import pytest

from tests.cycle.random_timing import Writer
from tileloom.hw.spec import isa, timing
from tileloom.hw.spec.config import Target, load_target
from tileloom.sim.cycle.loader import Loader
from tileloom.sim.cycle.logs import TileLogs
from tileloom.sim.cycle.queues import Queue
from tileloom.sim.cycle.timeline import Schedule, Timeline


@dataclass
class Bursts:
    """What arrives: the segments of every burst of every run, and the cycle from which chunk ``i`` is reserved."""

    runs: list[list[list[tuple[int, int]]]]
    chunks: list[int]


def random_load(rng: random.Random, target: Target) -> isa.Load:
    load = Writer(rng, target).load(0, 1, rng.randint(1, 12) * 32, isa.Destination.WINDOW)
    return load


def random_arrivals(rng: random.Random, load: isa.Load, target: Target) -> Bursts:
    cycle, reserved = rng.randint(10, 60), 5
    bursts = Bursts([], [])
    for band in range(load.bands):
        for part in range(load.parts):
            reserved += rng.choice((1, 1, 30, 200))
            bursts.chunks.append(reserved)
            for block in range(load.blocks):
                for run in range(load.rows // load.rows_per_run if load.rows else 0):
                    start = load.address + band * load.band_stride + part * load.part_stride
                    start += block * load.block_stride + run * load.run_stride
                    first, last = start // target.port_bytes, (start + load.run_bytes - 1) // target.port_bytes
                    found: list[list[tuple[int, int]]] = []
                    while first <= last:
                        left = min(last + 1, (first // target.burst_beats + 1) * target.burst_beats) - first
                        first += left
                        segments = []
                        while left:
                            cycle += rng.choice((0, 0, 1, 5, 40))
                            count = rng.choice((left, rng.randint(1, left)))
                            segments.append((cycle, count))
                            cycle += count
                            left -= count
                        found.append(segments)
                    bursts.runs.append(found)
    return bursts


def by_elements(load: isa.Load, target: Target, bursts: Bursts, valid: int) -> tuple[list[int], list[int], int]:
    """Cycles in which heads advance, cycles in which each beat is free, cycle of idle: one element after the other."""
    seen = [
        first + i + timing.STAGING_LATENCY
        for run in bursts.runs
        for burst in run
        for first, count in burst
        for i in range(count)
    ]
    beats = [sum(count for burst in run for _, count in burst) for run in bursts.runs]
    heads: list[int] = []
    freed: list[int] = []
    now, run, before = valid + timing.LOADER_START - 1, -1, 0
    for chunk in range(load.bands * load.parts):
        now = max(now, bursts.chunks[chunk] - 1)
        band, part = divmod(chunk, load.parts)
        for block in range(load.blocks):
            for row in range(-load.rows_before, load.rows + load.rows_after):
                now += load.pad_left
                if row < 0 or row >= load.rows:
                    now += load.elements + load.pad_right
                    continue
                if row % load.rows_per_run == 0:
                    run += 1
                    byte = load.address + band * load.band_stride + part * load.part_stride
                    byte += block * load.block_stride + row // load.rows_per_run * load.run_stride
                    begin = byte // target.port_bytes
                for e in range(load.elements):
                    last = e == load.elements - 1
                    write = (load.last_write if last else load.write) * target.element_bytes
                    now = max(now + 1, seen[before + (byte + write - 1) // target.port_bytes - begin])
                    byte += (load.last_take if last else load.take) * target.element_bytes
                    full = byte // target.burst_bytes * target.burst_beats - begin
                    if last and (row + 1) % load.rows_per_run == 0:
                        full = beats[run]
                    freed += [now + timing.STAGING_FREE] * (before + full - len(freed))
                if (row + 1) % load.rows_per_run == 0:
                    before += beats[run]
                now += load.pad_right
        heads.append(now + timing.LOAD_LATENCY)
    return heads, freed, now + 1


def times(timeline: Timeline, step: int) -> list[int]:
    """Cycle in which each count (times ``step``) is reached, from the entries."""
    entries = list(timeline._entries)
    return [next(cycle for total, cycle in entries if total >= n * step) for n in range(1, timeline.total // step + 1)]


@pytest.mark.parametrize("name", ["default", "small", "odd", "mac25", "small16"])
def test_closed_form(name: str) -> None:
    target = load_target(name)
    for seed in range(150):
        rng = random.Random(seed)
        load = random_load(rng, target)
        bursts = random_arrivals(rng, load, target)
        schedule = Schedule()
        queue = Queue(schedule, timing.LOAD_QUEUE_WORDS)
        logs = TileLogs(schedule, 1 << 24, 1 << 24, 1 << 24)
        loader = Loader(schedule, target, [load], queue, [logs])
        queue.send(0, list(range(isa.words_of(isa.Load))))
        valid = isa.words_of(isa.Load) - 1 + timing.QUEUE_WRITE + timing.QUEUE_READ
        for chunk in bursts.chunks:
            loader.chunks.advance(1, chunk)
        for number, run in enumerate(bursts.runs):
            for burst in run:
                schedule.run()
                loader.arrive(number + 1, burst)
        schedule.run()
        heads, freed, idle = by_elements(load, target, bursts, valid)
        assert times(logs.window.head, load.advance) == heads, f"seed {seed}"
        assert times(loader.freed, 1) == freed, f"seed {seed}"
        assert queue.finished.when(1) == idle, f"seed {seed}"
