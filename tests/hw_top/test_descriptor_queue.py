# amaranth: UnusedElaboratable=no
"""The descriptor queue against a model of its contract, cycle by cycle, with random arrivals and takes."""

import random
from typing import Any

import pytest
from amaranth.sim import Simulator

from tileloom.hw.descriptor_queue import DescriptorQueue
from tileloom.hw.spec import timing


class Model:
    """Visible level, filler and shadow in absolute cycles; words are appended with the cycle of their pop."""

    def __init__(self, words: int) -> None:
        self.words = words
        self.visible: list[tuple[int, int]] = []
        self.filling: list[int] = []
        self.valid_from: int | None = None
        self.free_from = 0

    def step(self, cycle: int) -> None:
        """The filler's move in this cycle."""
        if self.valid_from is None and cycle >= self.free_from and self.visible and self.visible[0][0] <= cycle:
            self.filling.append(self.visible.pop(0)[1])
            if len(self.filling) == self.words:
                self.valid_from = cycle + timing.QUEUE_READ

    def level(self, cycle: int) -> int:
        return sum(when <= cycle for when, _ in self.visible)

    def take(self, cycle: int) -> list[int]:
        taken, self.filling, self.valid_from, self.free_from = self.filling, [], None, cycle + 1
        return taken


@pytest.mark.parametrize("words", [2, 5, 36])
@pytest.mark.parametrize(("depth", "pressure", "takes"), [(4, 0.9, 0.9), (32, 1.0, 0.05), (64, 0.3, 1.0)])
def test_queue_against_model(words: int, depth: int, pressure: float, takes: float) -> None:
    dut = DescriptorQueue(words, depth)
    model, rng = Model(words), random.Random(f"{words} {depth}")
    seen = {"full": 0, "taken": 0, "ignored": 0}

    async def bench(ctx: Any) -> None:
        line = dut.configuration
        popped: int | None = None
        for cycle in range(3000):
            # Drive the line with what the sequencer popped in the cycle before.
            table = popped is None and rng.random() < 0.3
            ctx.set(line.valid, popped is not None or table)
            ctx.set(line.table, table)
            ctx.set(line.data, 0xDEAD if popped is None else popped)
            # `take` is decided on the registers of this cycle.
            valid = ctx.get(dut.valid)
            assert valid == (model.valid_from is not None and model.valid_from <= cycle), cycle
            take = bool(valid) and rng.random() < takes
            ctx.set(dut.take, take)
            room = ctx.get(line.room)
            assert room == (model.level(cycle) <= depth - 2), cycle
            assert ctx.get(dut.idle) == (model.level(cycle) == 0 and not model.filling), cycle
            if take:
                packed = ctx.get(dut.words)
                assert [packed >> 32 * i & 0xFFFFFFFF for i in range(words)] == model.take(cycle), cycle
            model.step(cycle)
            popped = rng.getrandbits(32) if room and rng.random() < pressure else None
            if popped is not None:
                model.visible.append((cycle + timing.QUEUE_WRITE, popped))
            seen["full"] += not room
            seen["ignored"] += table
            seen["taken"] += take
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen["taken"] > 20 and seen["ignored"]
    assert seen["full"] or depth == 64


@pytest.mark.parametrize(("words", "depth"), [(1, 32), (4, 2), (4, 24)])
def test_impossible_queues_are_refused(words: int, depth: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        DescriptorQueue(words, depth)
