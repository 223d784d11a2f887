"""Feeds a tile with random jobs and data and compares it, cycle by cycle and byte by byte, with its two references."""

import random
from dataclasses import dataclass, field

from tests.hw_tile.random_jobs import JobMaker
from tests.hw_tile.tile_feeders import (
    ActivationFeeder,
    ConfigurationFeeder,
    Feeder,
    PartialSender,
    PartialTaker,
    SlotReader,
    Surroundings,
    Table,
    WordFeeder,
)
from tests.hw_tile.tile_reference import TileReference, Unit, pixels_of
from tests.hw_tile.tile_timing import TileTiming
from tests.hw_tile.verilated import Verilated
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target


@dataclass
class Case:
    """Jobs, tables and data, and what comes of them."""

    jobs: list[isa.Job]
    tables: dict[int, Table]
    """By the number of the job before which the table is loaded."""
    reference: TileReference
    units: list[list[Unit]] = field(default_factory=list)


def make_case(target: Target, rng: random.Random, count: int, *, chunks: bool) -> Case:
    """Random jobs, and random data as far as they read it."""
    maker = JobMaker(target, rng, chunks=chunks)
    jobs = [maker.job(rng.randrange(1 << 16)) for _ in range(count)]
    reference = TileReference(target)
    logs = maker.logs
    extreme = rng.random() < 0.5

    def byte() -> int:
        return rng.choice([0x80, 0x7F, 0xFF, 0]) if extreme and rng.random() < 0.5 else rng.randrange(256)

    reference.window = [byte() for _ in range(logs.window_end)]
    words = bytearray(byte() for _ in range(logs.word_end * target.word_bytes))
    reference.residual = [byte() for _ in range(logs.residual_end)]
    base = 0
    for job in jobs:
        for i in range(job.outer * job.inner):
            for g in range(job.groups):
                place = (base + g * job.group_words) * target.word_bytes
                for c in range(target.columns):
                    words[place + 8 * c : place + 8 * c + 8] = _constants(rng)
            base += job.weights_inner + (job.weights_outer if (i + 1) % job.inner == 0 else 0)
    size = target.word_bytes
    reference.words = [bytes(words[i : i + size]) for i in range(0, len(words), size)]
    reference.received = [
        [[rng.randint(-(1 << 20), 1 << 20) for _ in range(target.columns)] for _ in range(pixels_of(job) * job.groups)]
        for job in jobs
        if job.from_neighbour
        for _ in range(job.outer * job.inner)
    ]
    case = Case(jobs, {}, reference)
    for number, job in enumerate(jobs):
        if target.segments and (number == 0 or rng.random() < 0.1):
            slopes = tuple(rng.choice([-32768, 32767, rng.randint(-300, 300)]) for _ in range(target.segments))
            offsets = tuple(
                rng.choice([-(1 << 31), (1 << 31) - 1, rng.randint(-(1 << 20), 1 << 20)])
                for _ in range(target.segments)
            )
            case.tables[number] = reference.table = (slopes, offsets)
        case.units.append(list(reference.run(job)))
    return case


def _constants(rng: random.Random) -> bytes:
    bias = rng.choice([0, rng.randint(-(1 << 15), 1 << 15), rng.randint(-(1 << 30), 1 << 30)])
    multiplier = rng.choice([0x20000, 0x1FFFF, rng.randrange(1 << 18), rng.randint(1 << 15, 1 << 16)])
    shift = rng.choice([0, 47, rng.randint(0, 47), rng.randint(15, 30)])
    scale = multiplier | shift << 18 | rng.randrange(256) << 24
    return (bias & 0xFFFFFFFF).to_bytes(4, "little") + scale.to_bytes(4, "little")


def run_case(target: Target, model: Verilated, case: Case, rng: random.Random, hurry: float, limit: int) -> int:
    """Run a case until everything is done; bytes compared. The tile is idle before and after."""
    timing = TileTiming(target, case.units)
    at = Surroundings(target, model, timing, rng, hurry)
    units = [unit for job in case.units for unit in job]
    reference = case.reference
    configuration = ConfigurationFeeder(at, case.jobs, case.tables)
    slots = SlotReader(at, [u for u in units if u.stores_results])
    taker = PartialTaker(at, [u for u in units if u.sends])
    feeders: list[Feeder] = [
        configuration,
        ActivationFeeder(at, reference.window, reference.residual),
        WordFeeder(at, reference.words),
        slots,
        PartialSender(at, reference.received),
        taker,
    ]
    while timing.jobs or timing.units or not slots.finished or taker.units or timing.cycle <= timing.drained_at:
        assert timing.cycle < limit, f"not done after {limit} cycles: {timing.state} {timing.values}"
        for feeder in feeders:
            feeder.drive()
        model.settle()
        for port, expected in timing.present(partial_room=taker.room).items():
            got = model.get(port)
            assert got == expected, f"cycle {timing.cycle}, {timing.state}: {port} is {got}, not {expected}"
        for feeder in feeders:
            feeder.observe()
        model.tick()
        timing.advance(word=configuration.word)
    return slots.compared
