"""Stages of the back end against hw/spec/quant, with their latencies."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.hw_tile.drive import simulate
from tileloom.hw.spec import isa, quant, timing
from tileloom.hw.tile.element_add import ElementAdd
from tileloom.hw.tile.nonlinearity import Nonlinearity
from tileloom.hw.tile.pooling import Pooling
from tileloom.hw.tile.requantise import Requantise
from tileloom.hw.tile.round_shift import LATENCY, RoundShift


def corner(rng: random.Random, bits: int) -> int:
    low, high = quant.signed_range(bits)
    value = rng.choice([low, high, 0, 1, -1, rng.randint(low, high), rng.randint(-20, 20), rng.randint(-2000, 2000)])
    return quant.saturate(value, low, high)


def clamps(rng: random.Random) -> tuple[int, int]:
    low, high = sorted((corner(rng, 16), corner(rng, 16)))
    return rng.choice([(-128, 127), (-32768, 32767), (low, high)])


@pytest.mark.parametrize(("width", "shift_bits"), [(18, 4), (33, 5), (50, 6), (66, 6)])
def test_round_shift_rounds_as_quant_does(width: int, shift_bits: int) -> None:
    unit = RoundShift(width, shift_bits)
    rng = random.Random(width)
    cases = []
    for shift in range(min(1 << shift_bits, 48)):
        half = 1 << max(shift - 1, 0)
        for base in (0, 1, 2, 3, rng.randrange(1 << 12), -rng.randrange(1 << 12)):
            for near in (-1, 0, 1, half - 1, half, half + 1):
                value = (base << shift) + near
                if quant.signed_range(width)[0] <= value <= quant.signed_range(width)[1]:
                    cases.append((value, shift, rng.randrange(2), corner(rng, 16)))
    cases += [(corner(rng, width), rng.randrange(48) % (1 << shift_bits), i % 2, corner(rng, 16)) for i in range(2000)]

    async def bench(ctx: Any) -> None:
        ctx.set(unit.enables, 7)
        for t in range(len(cases) + LATENCY):
            value, shift, _, _ = cases[min(t, len(cases) - 1)]
            ctx.set(unit.value, value)
            ctx.set(unit.shift, shift)
            ctx.set(unit.floor, cases[min(max(t - 1, 0), len(cases) - 1)][2])
            ctx.set(unit.zero_point, cases[min(max(t - 2, 0), len(cases) - 1)][3])
            if t >= LATENCY:
                value, shift, floor, zero_point = cases[t - LATENCY]
                exact = int(quant.shift_right(value, shift, quant.Rounding(floor))) + zero_point
                got = ctx.get(unit.result)
                assert quant.saturate(got, -32768, 32767) == quant.saturate(exact, -32768, 32767), cases[t - LATENCY]
            await ctx.tick()

    simulate(unit, bench)


def run_stage(unit: Any, latency: int, count: int, lane: Callable[[], dict[str, int]], **parts: Any) -> None:
    """Feed a stage every cycle, or with gaps, and compare what comes ``latency`` cycles later.

    ``parts["drive"]`` sets the ports of one case for a stage; ``parts["expected"]`` is the result of a case.
    """
    rng = random.Random(str(type(unit)))
    cases: list[list[dict[str, int]] | None] = []
    for _ in range(count):
        cases.append(None if rng.random() < 0.3 else [lane() for _ in range(unit.results)])

    async def bench(ctx: Any) -> None:
        for t in range(-1, count + latency):
            enables = 0
            for stage in range(-1, latency + 1):
                case = cases[t - stage] if 0 <= t - stage < count else None
                if case is None:
                    continue
                if 0 <= stage < latency:
                    enables |= 1 << stage
                if stage == latency:
                    for i, fields in enumerate(case):
                        got = ctx.get(parts["values"][i])
                        assert got == parts["expected"](fields), (t, i, fields)
                else:
                    parts["drive"](ctx, stage, case)
            ctx.set(unit.enables, enables)
            await ctx.tick()

    simulate(unit, bench)


@pytest.mark.parametrize("sum_bits", [32, 48])
def test_requantise(sum_bits: int) -> None:
    unit = Requantise(2, sum_bits)
    rng = random.Random(1)
    shared: dict[int, tuple[int, int, int, int]] = {}

    def lane() -> dict[str, int]:
        return {
            "sum": corner(rng, sum_bits),
            "multiplier": corner(rng, 18),
            "shift": rng.choice([0, 47, rng.randrange(48), rng.randint(10, 35)]),
        }

    def common(case: Any) -> tuple[int, int, int, int]:
        key = id(case)
        if key not in shared:
            shared[key] = (rng.randrange(2), corner(rng, 16), *clamps(rng))
            for fields in case:
                fields["floor"], fields["zero"], fields["low"], fields["high"] = shared[key]
        return shared[key]

    def drive(ctx: Any, stage: int, case: Any) -> None:
        floor, zero_point, low, high = common(case)
        if stage == 0:
            for i, fields in enumerate(case):
                ctx.set(unit.sums[i], fields["sum"])
                ctx.set(unit.scales[i].multiplier, fields["multiplier"])
                ctx.set(unit.scales[i].shift, fields["shift"])
        if stage == unit.FLOOR:
            ctx.set(unit.floor, floor)
        if stage == unit.ZERO_POINT:
            ctx.set(unit.zero_point, zero_point)
        if stage == unit.CLAMP:
            ctx.set(unit.low, low)
            ctx.set(unit.high, high)

    def expected(f: dict[str, int]) -> int:
        rounding = quant.Rounding(f["floor"])
        return int(
            quant.requantise(f["sum"], f["multiplier"], f["shift"], f["zero"], f["low"], f["high"], rounding=rounding)
        )

    run_stage(unit, timing.REQUANTISE_LATENCY, 4000, lane, drive=drive, expected=expected, values=unit.values)


@pytest.mark.parametrize("segments", [8, 64, 256])
def test_nonlinearity(segments: int) -> None:
    unit = Nonlinearity(segments, 1)
    rng = random.Random(segments)
    slopes = tuple(corner(rng, 16) for _ in range(segments))
    offsets = tuple(corner(rng, 32) for _ in range(segments))
    codes = [
        *range(-32768, 32768, 13),
        *range(-32768, 32768, 65536 // segments),
        *range(-32769 + 65536 // segments, 32768, 65536 // segments),
    ]
    settings = [(rng.randrange(32), rng.random() < 0.9, *clamps(rng)) for _ in codes]
    settings[: len(codes) // 2] = [(12, True, -128, 127)] * (len(codes) // 2)

    async def bench(ctx: Any) -> None:
        for i in range(segments):
            for word, start in ((slopes[i] & 0xFFFF, i == 0), (offsets[i] & 0xFFFFFFFF, False)):
                ctx.set(unit.table.valid, 1)
                ctx.set(unit.table.start, int(start))
                ctx.set(unit.table.word, word)
                await ctx.tick()
        ctx.set(unit.table.valid, 0)
        ctx.set(unit.enables, (1 << timing.TABLE_LATENCY) - 1)
        for t in range(len(codes) + timing.TABLE_LATENCY):
            ctx.set(unit.i_values[0], codes[min(t, len(codes) - 1)])
            ctx.set(unit.shift, settings[min(max(t - unit.SHIFT, 0), len(codes) - 1)][0])
            _, apply, low, high = settings[min(max(t - unit.CLAMP, 0), len(codes) - 1)]
            ctx.set(unit.apply, int(apply))
            ctx.set(unit.low, low)
            ctx.set(unit.high, high)
            if t >= timing.TABLE_LATENCY:
                code = codes[t - timing.TABLE_LATENCY]
                shift, apply, low, high = settings[t - timing.TABLE_LATENCY]
                exact = quant.PiecewiseLinear(slopes, offsets, shift).evaluate(code, low, high) if apply else code
                assert ctx.get(unit.o_values[0]) == exact, (code, shift, apply, low, high)
            await ctx.tick()

    simulate(unit, bench)


@pytest.mark.parametrize("bits", [8, 16])
def test_element_add(bits: int) -> None:
    unit = ElementAdd(2, bits)
    rng = random.Random(2)
    names = ("mv", "mr", "addend", "shift", "zero", "low", "high", "apply", "combine")
    shared: dict[int, tuple[int, ...]] = {}

    def lane() -> dict[str, int]:
        return {"value": corner(rng, 16), "residual": corner(rng, bits)}

    def drive(ctx: Any, stage: int, case: Any) -> None:
        if id(case) not in shared:
            shift = rng.choice([0, 47, rng.randrange(48), rng.randint(8, 20)])
            apply = int(rng.random() < 0.9)
            combine = rng.choice(list(isa.Combine)) if apply else isa.Combine.ADD
            product = combine == isa.Combine.MULTIPLY
            offsets = (-corner(rng, bits), -corner(rng, bits))
            scales = (
                offsets[0] if product else corner(rng, 18),
                corner(rng, 18),
                offsets[1] if product else corner(rng, 40),
            )
            shared[id(case)] = (*scales, shift, corner(rng, 16), *clamps(rng), apply, combine)
            for fields in case:
                if product:
                    fields["value"] = corner(rng, bits)
                fields |= dict(zip(names, shared[id(case)], strict=True))
        f = case[0]
        ports = {
            unit.OPERANDS: [(unit.value_multiplier, f["mv"]), (unit.combine, f["combine"])],
            unit.VALUE: [(unit.addend, f["addend"])],
            unit.PRODUCT: [(unit.residual_multiplier, f["mr"])],
            unit.SHIFT: [(unit.shift, f["shift"])],
            unit.ZERO_POINT: [(unit.zero_point, f["zero"])],
            unit.CLAMP: [(unit.low, f["low"]), (unit.high, f["high"]), (unit.apply, f["apply"])],
        }
        for i, fields in enumerate(case):
            ports[unit.OPERANDS].append((unit.residuals[i], fields["residual"]))
            ports[unit.VALUE].append((unit.i_values[i], fields["value"]))
        for port, value in ports.get(stage, []):
            ctx.set(port, value)

    def expected(f: dict[str, int]) -> int:
        if not f["apply"]:
            return f["value"]
        tail = (f["shift"], f["zero"], f["low"], f["high"])
        match f["combine"]:
            case isa.Combine.ADD:
                return int(quant.scaled_add(f["value"], f["residual"], f["mv"], f["mr"], f["addend"], *tail))
            case isa.Combine.MULTIPLY:
                return int(quant.scaled_multiply(f["value"], f["residual"], f["addend"], f["mv"], f["mr"], *tail))
            case isa.Combine.MAXIMUM:
                return quant.saturate(max(f["value"], f["residual"]), f["low"], f["high"])
            case _:
                return quant.saturate(min(f["value"], f["residual"]), f["low"], f["high"])

    run_stage(unit, timing.ADD_LATENCY, 3000, lane, drive=drive, expected=expected, values=unit.o_values)


@pytest.mark.parametrize("beats", [1, 2, 3])
def test_pooling(beats: int) -> None:
    results = 2
    unit = Pooling(results, beats)
    rng = random.Random(beats)
    latency = timing.POOL_LATENCY
    feed: list[tuple[dict[str, int], dict[str, int], list[int]] | None] = []  # flags, job, values
    due: dict[int, tuple[list[int], tuple[int, int]]] = {}
    for job_number in range(150):
        job = {
            "mode": rng.choice(list(isa.Pool)),
            "count": rng.choice([1, 2, 3, 4, 9]),
            "multiplier": corner(rng, 18),
            "addend": corner(rng, 40),
            "shift": rng.choice([0, 47, rng.randrange(48), rng.randint(10, 30)]),
            "zero": corner(rng, 16),
        }
        job["low"], job["high"] = clamps(rng)
        if job_number == 0:
            job |= {"mode": isa.Pool.SUM, "count": 255}
        windows: dict[int, list[list[int]]] = {}
        count = job["count"] if job["mode"] != isa.Pool.NONE else 1
        for group in range(rng.randint(1, 2)):
            for pixel in range(count * rng.randint(1, 2)):
                for beat in range(beats):
                    values = [corner(rng, 16) for _ in range(results)]
                    flags = {
                        "first": int(beat == 0),
                        "last": int(beat == beats - 1),
                        "unit": int(pixel == 0 and group == 0),
                        "group": int(pixel == 0),
                    }
                    if pixel % count == 0:
                        windows[beat] = []
                    windows[beat].append(values)
                    if pixel % count == count - 1:
                        pooled = [_pooled(job, [v[i] for v in windows[beat]]) for i in range(results)]
                        first = pixel == count - 1
                        due[len(feed) + latency] = (pooled, (int(first and group == 0), int(first)))
                    feed.append((flags, job, values))
                feed += [None] * rng.choice([0, 0, 1, 3])
        feed += [None] * 2

    async def bench(ctx: Any) -> None:
        pixel = unit.i_beat.pixel
        for t in range(len(feed) + latency + 1):
            now = feed[t] if t < len(feed) else None
            ctx.set(unit.i_beat.valid, int(now is not None))
            if now:
                flags, _, values = now
                ctx.set(unit.i_beat.first, flags["first"])
                ctx.set(unit.i_beat.last, flags["last"])
                ctx.set(pixel.first_of_unit, flags["unit"])
                ctx.set(pixel.first_of_group, flags["group"])
                for i, value in enumerate(values):
                    ctx.set(unit.i_values[i], value)
            for stage, ports in {
                unit.POOL: [(unit.mode, "mode"), (unit.count, "count")],
                unit.PRODUCT: [(unit.multiplier, "multiplier")],
                unit.ADDEND: [(unit.addend, "addend")],
                unit.SHIFT: [(unit.shift, "shift")],
                unit.ZERO_POINT: [(unit.zero_point, "zero")],
                unit.CLAMP: [(unit.final_mode, "mode"), (unit.low, "low"), (unit.high, "high")],
            }.items():
                then = feed[t - stage] if 0 <= t - stage < len(feed) else None
                if then:
                    for port, name in ports:
                        ctx.set(port, int(then[1][name]))
            assert ctx.get(unit.o_beat.valid) == (t in due), t
            if t in due:
                pooled, first = due[t]
                assert [ctx.get(unit.o_values[i]) for i in range(results)] == pooled, t
                flags_out = unit.o_beat.pixel
                assert (ctx.get(flags_out.first_of_unit), ctx.get(flags_out.first_of_group)) == first, t
            await ctx.tick()

    simulate(unit, bench)


def _pooled(job: dict[str, int], values: list[int]) -> int:
    if job["mode"] == isa.Pool.NONE:
        return values[0]
    if job["mode"] == isa.Pool.MAXIMUM:
        return quant.saturate(max(values), job["low"], job["high"])
    scale = (job["multiplier"], job["shift"], job["zero"], job["low"], job["high"], job["addend"])
    return int(quant.requantise(sum(values), *scale))
