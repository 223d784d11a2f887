"""A compact machine: what it keeps of descriptors, what it notices, and that older targets are what they were."""

import random
from dataclasses import fields, replace
from typing import Any

import pytest
from amaranth.sim import Simulator

from tileloom.hw.descriptor import descriptor_layout, descriptor_words, kept_bits
from tileloom.hw.descriptor_queue import DescriptorQueue
from tileloom.hw.field_guard import KINDS, FieldGuard
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target, TargetError, load_target
from tileloom.hw.spec.widths import field_widths, guarded, width_violations

TANG = load_target("tang9k")
UNGUARDED = "mask"
"""Of a JOB: the sequencer reads its low bits alone."""


def random_instruction(kind: type[isa.Instruction], rng: random.Random) -> isa.Instruction:
    """Fields within what TANG keeps, at their ends or between; now and then one beyond it."""
    kept, full = field_widths(kind, TANG), {name: width for name, width, _ in isa.layout(kind)}
    values: dict[str, Any] = {"tag": rng.randrange(1 << 16)}
    for name, width in kept.items():
        low, high = (full[name] if rng.random() < 0.01 else width).range
        values[name] = rng.choice((low, high, 0, rng.randint(low, high)))
    return kind(**values)


def fits(instruction: isa.Instruction) -> bool:
    """Whether the guard lets it pass."""
    ignored = UNGUARDED if isinstance(instruction, isa.Job) else "nothing"
    return all(text.startswith(f"{ignored} ") for text in width_violations(instruction, TANG))


def test_the_guard_notices_what_the_rules_refuse() -> None:
    """4,000 descriptors of every kind, among them some too wide; a TABLE and a BARRIER pass whatever they hold."""
    rng, dut = random.Random(7), FieldGuard(TANG)
    seen = {True: 0, False: 0}

    async def bench(ctx: Any) -> None:
        async def pop(word: int, *, header: bool, sent: int) -> bool:
            ctx.set(dut.word, word)
            ctx.set(dut.header, header)
            ctx.set(dut.pop, 1)
            await ctx.tick()
            ctx.set(dut.pop, 0)
            ctx.set(dut.sent, sent)
            if rng.random() < 0.1:
                bad = bool(ctx.get(dut.bad))
                await ctx.tick()
                return bad
            return bool(ctx.get(dut.bad))

        for _ in range(4000):
            kind = rng.choice(KINDS)
            instruction = random_instruction(kind, rng)
            header, *body = isa.encode(instruction)
            bad = await pop(header, header=True, sent=header)
            for number, word in enumerate(body):
                job_mask = kind is isa.Job and number == 0
                bad |= await pop(word, header=False, sent=header if job_mask else word)
            assert bad != fits(instruction), isa.disassemble(instruction)
            seen[bad] += 1
            if rng.random() < 0.1:
                words = [
                    rng.choice((isa.Opcode.TABLE, isa.Opcode.BARRIER)),
                    *(rng.randrange(1 << 32) for _ in range(3)),
                ]
                for number, word in enumerate(words):
                    assert not await pop(word, header=number == 0, sent=word)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert min(seen.values()) > 200


@pytest.mark.parametrize("kind", KINDS)
def test_the_queue_keeps_the_fields(kind: type[isa.Instruction]) -> None:
    """Whole descriptors come out narrow, stay until the unit is at rest, and the next one follows only then."""
    rng = random.Random(kind.__name__)
    dut = DescriptorQueue(descriptor_words(kind), 64, kept_bits(kind, TANG))
    layout = descriptor_layout(kind, TANG)

    async def bench(ctx: Any) -> None:
        wanted, words = [], []
        for _ in range(8):
            instruction = random_instruction(kind, rng)
            while not fits(instruction):
                instruction = random_instruction(kind, rng)
            wanted.append(instruction)
            encoded = isa.encode(instruction)
            words += [encoded[0], *encoded[2 if kind is isa.Job else 1 :]]
        working = 0
        while wanted:
            line = dut.configuration
            send = bool(words) and bool(ctx.get(line.room))
            ctx.set(line.valid, send)
            ctx.set(line.data, words.pop(0) if send else 0)
            take = not working and bool(ctx.get(dut.valid))
            ctx.set(dut.take, take)
            ctx.set(dut.rest, working <= 1)
            if take:
                working = rng.randint(2, 90)
            elif working:
                assert not ctx.get(dut.valid)
                found = ctx.get(dut.words)
                for name, field in layout:
                    value = getattr(wanted[0], name) & ((1 << field.width) - 1)
                    assert found >> field.offset & ((1 << field.width) - 1) == value, name
                working -= 1
                if not working:
                    wanted.pop(0)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_older_targets_keep_their_identity() -> None:
    """The hash of what programs of format 2 carry; any of the new fields makes another machine."""
    default = Target("default")
    assert default.hash == 3355078933739825657
    assert all(not guarded(kind, default) for kind in KINDS)
    others = {replace(default, compact=True).hash, replace(default, counters=False).hash, default.hash}
    others |= {replace(default, compact=True, address_bits=20).hash, replace(default, compact=True, count_bits=9).hash}
    assert len(others) == 5
    assert {"compact", "address_bits", "count_bits", "counters"} <= {f.name for f in fields(Target)}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"address_bits": 20}, "address_bits must be 32 where compact is false, not 20"),
        ({"count_bits": 9}, "count_bits must be 16 where compact is false, not 9"),
        ({"compact": True, "count_bits": 7}, "count_bits must be from 8 to 16, not 7"),
        ({"compact": True, "address_bits": 16}, "address_bits must be at least 17 for map_bytes = 65536, not 16"),
    ],
)
def test_impossible_targets(change: dict[str, Any], text: str) -> None:
    with pytest.raises(TargetError, match=text):
        replace(Target("default"), **change)


def test_a_program_beyond_the_widths_is_refused() -> None:
    """By name, range and value."""
    weights = isa.Weights(mask=1, address=1 << 14, words=16, beats=32, repeats=300)
    assert list(width_violations(weights, TANG)) == [
        "address must be from 0 to 16383 on target tang9k, not 16384",
        "repeats must be from 0 to 255 on target tang9k, not 300",
    ]
    assert not list(width_violations(weights, load_target("small")))
