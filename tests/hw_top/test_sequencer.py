"""The sequencer against a model of its rules, cycle by cycle, with random programs, rooms, gaps and idle units."""

import random
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import pytest
from amaranth.sim import Simulator

from tileloom.hw.sequencer import UNITS, Sequencer, instruction_words
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target, load_target
from tileloom.hw.spec.isa import Opcode
from tileloom.hw.spec.registers import Error


@dataclass
class Cycle:
    """What the sequencer sees in one cycle."""

    word: int | None
    rooms: list[bool]
    units_idle: bool
    tiles_idle: list[bool]


@dataclass
class Action:
    """What it does in it."""

    pop: bool = False
    sent: dict[int, tuple[int, bool]] = field(default_factory=dict)
    """Queue: word, table."""
    table_start: set[int] = field(default_factory=set)
    done: bool = False
    error: Error = Error.NONE


Rules = Generator[Action, Cycle, None]


def pop(cycle: Cycle, queues: list[int], data: int | None = None, error: Error = Error.NONE) -> Action:
    """Pop if there is a word and room in all queues."""
    if cycle.word is None or not all(cycle.rooms[q] for q in queues):
        return Action()
    return Action(True, {q: (cycle.word if data is None else data, False) for q in queues}, error=error)


def rules(target: Target) -> Rules:
    """One action a cycle, written from docs/architecture.md."""
    tiles = range(target.tiles)
    begun = False
    cycle = yield Action()
    while True:
        # header
        queues: list[int] = []
        while True:
            header = cycle.word
            opcode = (header or 0) & 0xFF
            queues = (
                {Opcode.LOAD: [0, 1], Opcode.WEIGHTS: [2], Opcode.STORE: [3]}.get(Opcode(opcode), [])
                if (1 <= opcode <= 8)
                else []
            )
            action = pop(cycle, queues)
            if action.pop and header is not None:
                legal = instruction_words(target).get(opcode) == header >> 8 & 0xFF  # type: ignore[call-overload]
                if not legal or not (begun or opcode == Opcode.BEGIN):
                    action.error = Error.ILLEGAL_INSTRUCTION
            cycle = yield action
            if action.pop:
                break
        assert header is not None
        begun = True
        left = (header >> 8 & 0xFF) - 1
        if opcode == Opcode.BEGIN:
            for index in range(3):
                while not (action := pop(cycle, [])).pop:
                    cycle = yield action
                expected = [isa.FORMAT_VERSION, target.hash & 0xFFFFFFFF, target.hash >> 32][index]
                if cycle.word != expected:
                    action.error = [Error.WRONG_VERSION, Error.WRONG_TARGET, Error.WRONG_TARGET][index]
                cycle = yield action
            continue
        if opcode in (Opcode.BARRIER, Opcode.END):
            while not (cycle.units_idle and all(cycle.tiles_idle)):
                cycle = yield Action()
            cycle = yield Action(done=opcode == Opcode.END)
            continue
        if opcode in (Opcode.JOB, Opcode.TABLE):
            while True:
                mask = cycle.word
                masked = [UNITS + t for t in tiles if (mask or 0) >> t & 1]
                action = pop(cycle, masked, header) if opcode == Opcode.JOB else pop(cycle, [])
                if action.pop and opcode == Opcode.TABLE:
                    action.table_start = set(masked)
                cycle = yield action
                if action.pop:
                    break
            left, queues = left - 1, masked
        if opcode == Opcode.TABLE:
            while not all(cycle.tiles_idle[q - UNITS] for q in masked):
                cycle = yield Action()
            cycle = yield Action()
        while left:
            if opcode == Opcode.TABLE:
                action = pop(cycle, [])
                if action.pop:
                    action.sent = {q: (cycle.word or 0, True) for q in masked}
            else:
                action = pop(cycle, queues)
            left -= action.pop
            cycle = yield action


def random_words(rng: random.Random, target: Target, count: int) -> list[int]:
    """BEGIN and ``count`` instructions with random fields, then END."""
    words = isa.encode(isa.Begin(target_hash=target.hash))
    lengths = instruction_words(target)
    middle = [o for o in lengths if o not in (Opcode.BEGIN, Opcode.END)]
    for _ in range(count):
        opcode = rng.choice(middle)
        words.append(int(opcode) | lengths[opcode] << 8 | rng.getrandbits(16) << 16)
        words += [rng.getrandbits(32) for _ in range(lengths[opcode] - 1)]
    return words + isa.encode(isa.End())


def run(target: Target, words: list[int], seed: str, limit: int | None = None) -> tuple[Error, int, bool]:
    """Compare RTL and rules until done or error; gives the error, the program counter and whether done came."""
    rng = random.Random(seed)
    busy_rooms, idle_rate = rng.choice([0.0, 0.05, 0.2]), rng.choice([0.4, 0.7, 1.0])
    gaps = rng.choice([0.0, 0.05, 0.5])
    dut = Sequencer(target)
    model = rules(target)
    next(model)
    outcome: list[tuple[Error, int, bool]] = []

    async def bench(ctx: Any) -> None:
        lines = [dut.load, dut.loader, dut.weights, dut.store, *dut.tiles]
        position, before = 0, Action()
        program_words = len(words) if limit is None else limit
        ctx.set(dut.program_words, program_words)
        ctx.set(dut.running, 1)
        for number in range(100_000):
            available = position < len(words) and rng.random() >= gaps
            inside = position < program_words
            cycle = Cycle(
                words[position] if available and inside else None,
                [rng.random() >= busy_rooms for _ in lines],
                rng.random() < idle_rate,
                [rng.random() < idle_rate for _ in range(target.tiles)],
            )
            ctx.set(dut.word_valid, available)
            ctx.set(dut.word, words[position] if available else 0)
            ctx.set(dut.units_idle, cycle.units_idle)
            ctx.set(dut.tiles_idle, sum(idle << t for t, idle in enumerate(cycle.tiles_idle)))
            for line, room in zip(lines, cycle.rooms, strict=True):
                ctx.set(line.room, room)
            for queue, line in enumerate(lines):
                sent = before.sent.get(queue)
                assert ctx.get(line.valid) == (sent is not None), (number, queue)
                assert ctx.get(line.table_start) == (queue in before.table_start), (number, queue)
                if sent is not None:
                    assert (ctx.get(line.data), bool(ctx.get(line.table))) == sent, (number, queue)
            expected = model.send(cycle)
            error = Error(ctx.get(dut.error))
            if not inside and error:
                assert error == Error.PROGRAM_END
                outcome.append((error, ctx.get(dut.program_counter), False))
                return
            assert ctx.get(dut.pop) == expected.pop, number
            assert error == expected.error, number
            assert ctx.get(dut.done) == expected.done, number
            before, position = expected, position + expected.pop
            await ctx.tick()
            if error or expected.done:
                outcome.append((error, ctx.get(dut.program_counter), expected.done))
                return

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return outcome[0]


@pytest.mark.parametrize("name", ["default", "small", "odd", "mac25"])
@pytest.mark.parametrize("seed", range(4))
def test_random_programs(name: str, seed: int) -> None:
    target = load_target(name)
    words = random_words(random.Random(seed), target, 30)
    assert run(target, words, f"{name} {seed}") == (Error.NONE, len(words) - 1, True)


BAD = {
    "opcode 0": (0x0100, Error.ILLEGAL_INSTRUCTION),
    "opcode 9": (0x0109, Error.ILLEGAL_INSTRUCTION),
    "opcode 255": (0x01FF, Error.ILLEGAL_INSTRUCTION),
    "a LOAD one word short": (Opcode.LOAD | isa.words_of(isa.Load) - 1 << 8, Error.ILLEGAL_INSTRUCTION),
    "an END with a body": (Opcode.END | 2 << 8, Error.ILLEGAL_INSTRUCTION),
    "a TABLE without segments": (Opcode.TABLE | 2 << 8, Error.ILLEGAL_INSTRUCTION),
    "no words": (Opcode.JOB, Error.ILLEGAL_INSTRUCTION),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_headers(case: str) -> None:
    target = load_target("odd")
    word, error = BAD[case]
    good = random_words(random.Random(case), target, 3)[:-1]
    assert run(target, [*good, word, *good], case) == (error, len(good), False)


def test_program_must_start_with_begin() -> None:
    target = load_target("small")
    assert run(target, isa.encode(isa.End()), "first") == (Error.ILLEGAL_INSTRUCTION, 0, False)


@pytest.mark.parametrize(("index", "error"), [(1, "WRONG_VERSION"), (2, "WRONG_TARGET"), (3, "WRONG_TARGET")])
@pytest.mark.parametrize("bit", [0, 31])
def test_begin_checks_every_word(index: int, error: str, bit: int) -> None:
    target = load_target("default")
    words = isa.encode(isa.Begin(target_hash=target.hash))
    words[index] ^= 1 << bit
    assert run(target, [*words, *isa.encode(isa.End())], "begin")[:2] == (Error[error], 0)


@pytest.mark.parametrize("cut", [0, 1, 4, 5, 20])
def test_program_that_ends_early(cut: int) -> None:
    target = load_target("default")
    words = random_words(random.Random(cut), target, 3)
    assert run(target, words, "cut", limit=cut)[0] == Error.PROGRAM_END


def test_nothing_is_popped_unless_running() -> None:
    dut = Sequencer(load_target("small"))

    async def bench(ctx: Any) -> None:
        ctx.set(dut.program_words, 100)
        ctx.set(dut.word_valid, 1)
        ctx.set(dut.word, isa.encode(isa.End())[0])
        for _ in range(5):
            assert not ctx.get(dut.pop) and not ctx.get(dut.error) and not ctx.get(dut.done)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
