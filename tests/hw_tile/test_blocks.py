# amaranth: UnusedElaboratable=no
"""Small blocks of the tile against plain Python."""

import random
from typing import Any

import pytest

from tests.hw_tile.drive import simulate
from tests.hw_tile.tile_reference import wrap
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target, load_target
from tileloom.hw.spec.timing import emission_cycles, tree_stages
from tileloom.hw.tile.constants import Constants
from tileloom.hw.tile.emission import Emission
from tileloom.hw.tile.job_parameters import JobParameters
from tileloom.hw.tile.log_room import LogRoom
from tileloom.hw.tile.mac_array import MacArray
from tileloom.hw.tile.nonlinearity import Nonlinearity
from tileloom.hw.tile.round_shift import RoundShift
from tileloom.hw.tile.weight_assembler import WeightAssembler

SIZES = [(4, 4), (5, 4), (25, 4), (15, 8), (64, 16), (17, 16), (8, 1)]
"""Weights of a word, and of a beat."""


@pytest.mark.parametrize(
    ("word", "port", "width"),
    [*((word, port, 1) for word, port in SIZES), (4, 4, 2), (5, 2, 2), (20, 8, 2)],
)
def test_weight_assembler_packs_without_gaps(word: int, port: int, width: int) -> None:
    unit = WeightAssembler(word, port, 8 * width)
    word, port = word * width, port * width  # in bytes
    rng = random.Random(f"{word} {port}")
    beats: list[tuple[bytes, int] | None] = []
    due: dict[int, bytes] = {}
    for _ in range(150):
        data = rng.randbytes(word * rng.choice([1, 2, rng.randint(1, 9)]))
        padded = data + rng.randbytes(-len(data) % port)
        for start in range(0, len(padded), port):
            while rng.random() < 0.2:
                beats.append(None)
            beats.append((padded[start : start + port], int(start + port >= len(padded))))
            whole = min(start + port, len(data)) // word
            if whole > min(start, len(data)) // word:
                due[len(beats) - 1 + 2] = data[(whole - 1) * word : whole * word]

    async def bench(ctx: Any) -> None:
        for t in range(len(beats) + 3):
            beat = beats[t] if t < len(beats) else None
            ctx.set(unit.valid, int(beat is not None))
            ctx.set(unit.data, int.from_bytes(beat[0] if beat else rng.randbytes(port), "little"))
            ctx.set(unit.last, beat[1] if beat else rng.randrange(2))
            assert ctx.get(unit.o_valid) == (t in due), t
            if t in due:
                assert ctx.get(unit.o_word).to_bytes(word, "little") == due[t], t
            await ctx.tick()

    simulate(unit, bench)


@pytest.mark.parametrize("size", [16, 891, 32_768])
def test_log_room_counts_what_its_pointers_would(size: int) -> None:
    unit = LogRoom(size)
    rng = random.Random(size)
    reserved = head = base = tail = 0

    async def bench(ctx: Any) -> None:
        nonlocal reserved, head, base, tail
        use = unit.use
        for t in range(3000):
            amount, span = rng.choice([0, 1, size, rng.randint(0, size), 0xFFFFFF]), rng.randint(0, size)
            ctx.set(use.amount, amount)
            ctx.set(use.span, span)
            fits = reserved - tail + amount <= size
            assert ctx.get(use.room) == fits, t
            assert ctx.get(use.ready) == (head - base >= span), t
            claim = int(fits and rng.random() < 0.5)
            arrived = rng.randint(0, reserved - head)
            left = rng.randint(tail - base, head - base)
            released = rng.randint(0, base + min(left, 0) - tail)
            strobes = [rng.randrange(2) for _ in range(3)]
            for port, value in (
                (use.claim, claim),
                (unit.arrive, strobes[0]),
                (unit.arrived, arrived),
                (use.leave, strobes[1]),
                (use.left, left),
                (use.release, strobes[2]),
                (use.released, released),
            ):
                ctx.set(port, value)
            reserved += claim * amount
            head += strobes[0] * arrived
            base += strobes[1] * left
            tail += strobes[2] * released
            await ctx.tick()

    simulate(unit, bench)


@pytest.mark.parametrize("name", ["small", "odd", "mac25"])
def test_mac_array_in_every_mode(name: str) -> None:
    target = load_target(name)
    unit = MacArray(target)
    rng = random.Random(name)
    latency = 2 + tree_stages(target.lanes)
    due: dict[int, list[int]] = {}

    def byte() -> int:
        return rng.choice([-128, 127, -1, 0, rng.randint(-128, 127)])

    async def bench(ctx: Any) -> None:
        for t in range(600):
            window = [byte() for _ in range(target.window_banks)]
            word = [byte() for _ in range(target.word_bytes)]
            mode = rng.choice(list(isa.Mode))
            valid = int(rng.random() < 0.7)
            ctx.set(unit.valid, valid)
            ctx.set(unit.window, int.from_bytes(bytes(v & 0xFF for v in window), "little"))
            ctx.set(unit.weights, int.from_bytes(bytes(v & 0xFF for v in word), "little"))
            ctx.set(unit.channelwise, int(mode != isa.Mode.DENSE))
            ctx.set(unit.maximum, int(mode == isa.Mode.MAXIMUM))
            if valid:
                due[t + latency] = [_column(target, mode, window, word, c) for c in range(target.columns)]
            if t in due:
                assert [ctx.get(unit.sums[c]) for c in range(target.columns)] == due[t], t
            await ctx.tick()

    simulate(unit, bench)


def _column(target: Target, mode: isa.Mode, window: list[int], word: list[int], column: int) -> int:
    if mode == isa.Mode.MAXIMUM:
        return window[column]
    weights = word[column :: target.columns]
    if mode == isa.Mode.DENSE:
        return sum(window[lane] * weights[lane] for lane in range(target.lanes))
    lanes = range(target.pixels_per_read)
    return sum(window[lane * target.columns + column] * weights[lane] for lane in lanes)


@pytest.mark.parametrize("name", ["default", "odd", "mac25"])
def test_constants_and_emission_hand_out_every_column(name: str) -> None:
    target = load_target(name)
    constants, beats = Constants(target), emission_cycles(target)
    rng = random.Random(name)
    stages = tree_stages(target.lanes)

    async def bench_constants(ctx: Any) -> None:
        for _ in range(30):
            size = target.word_bytes
            data = rng.randbytes(8 * target.columns).ljust(size * target.constant_words, b"\xa5")
            for index in range(target.constant_words):
                ctx.set(constants.valid, 1)
                ctx.set(constants.index, index)
                ctx.set(constants.word, int.from_bytes(data[size * index : size * (index + 1)], "little"))
                await ctx.tick()
            ctx.set(constants.valid, 0)
            ctx.set(constants.word, rng.getrandbits(8 * size))
            for _ in range(1 + stages):
                await ctx.tick()
            column = [int.from_bytes(data[8 * c : 8 * c + 8], "little") for c in range(target.columns)]
            assert [ctx.get(constants.bias[c]) for c in range(target.columns)] == [wrap(v, 32) for v in column]
            await ctx.tick()
            await ctx.tick()
            ctx.set(constants.activate, 1)
            await ctx.tick()
            ctx.set(constants.activate, 0)
            for beat in range(2 * beats):
                for i in range(target.results_per_cycle):
                    c = beat % beats * target.results_per_cycle + i
                    if c < target.columns:
                        scale = constants.scales[i]
                        got = ctx.get(scale.multiplier), ctx.get(scale.shift)
                        assert got == (wrap(column[c] >> 32 & 0x3FFFF, 18), column[c] >> 50 & 0x3F)
                ctx.set(constants.rotate, 1)
                await ctx.tick()
                ctx.set(constants.rotate, 0)
                while rng.random() < 0.3:
                    await ctx.tick()

    simulate(constants, bench_constants)
    emission = Emission(target)
    due: dict[int, tuple[list[int], int, int]] = {}

    async def bench_emission(ctx: Any) -> None:
        next_capture = 0
        for t in range(400):
            sums = [rng.randint(-(1 << 31), (1 << 31) - 1) for _ in range(target.columns)]
            for c, value in enumerate(sums):
                ctx.set(emission.sums[c], value)
            capture = int(t >= next_capture and rng.random() < 0.6)
            ctx.set(emission.capture, capture)
            if capture:
                next_capture = t + beats
                for beat in range(beats):
                    part = sums[beat * target.results_per_cycle : (beat + 1) * target.results_per_cycle]
                    due[t + 1 + beat] = part, int(beat == 0), int(beat == beats - 1)
            assert ctx.get(emission.beat.valid) == (t in due), t
            if t in due:
                part, first, last = due[t]
                assert [ctx.get(emission.beat_sums[i]) for i in range(len(part))] == part, t
                assert (ctx.get(emission.beat.first), ctx.get(emission.beat.last)) == (first, last), t
            await ctx.tick()

    simulate(emission, bench_emission)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LogRoom(0), "size must be at least 1, not 0"),
        (lambda: WeightAssembler(4, 8), "port must be a power of two of at most 4, not 8"),
        (lambda: RoundShift(17), "width must be at least 18, not 17"),
        (lambda: RoundShift(20, 7), "shift_bits must be from 3 to 6, not 7"),
        (lambda: Nonlinearity(12, 1), "segments must be a power of two from 8 to 256, not 12"),
        (lambda: JobParameters("colour"), "'colour' is not a field of a JOB"),
    ],
)
def test_impossible_parameters_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
