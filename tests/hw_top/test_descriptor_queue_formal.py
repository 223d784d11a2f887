"""Bounded proof that the descriptor queue keeps every word in order, for all arrivals and takes that are allowed."""

from pathlib import Path

import pytest
from amaranth.hdl import Assert, Assume, ClockDomain, Cover, Elaboratable, Module, Signal

from tests.hw_top.formal_run import check
from tileloom.hw.descriptor_queue import DescriptorQueue

WORDS, DEPTH, CYCLES = 2, 4, 12


class Proof(Elaboratable):
    """Any one word is followed from the line to the shadow that is taken."""

    def __init__(self) -> None:
        self.domain = ClockDomain("sync", reset_less=True)
        self.valid, self.take = Signal(), Signal()
        self.data = Signal(32)
        self.number, self.value = Signal(5), Signal(32)
        self.ports = [self.domain.clk, self.valid, self.take, self.data, self.number, self.value]

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.domains.sync = self.domain
        m.submodules.queue = queue = DescriptorQueue(WORDS, DEPTH)
        arrived, taken = Signal(6), Signal(6)
        room_before = Signal(init=1)
        was_valid, was_taken = Signal(), Signal()
        number_before, value_before, running = Signal(5), Signal(32), Signal()
        m.d.comb += [
            queue.configuration.valid.eq(self.valid),
            queue.configuration.data.eq(self.data),
            queue.take.eq(self.take),
            # A word stands on the line one cycle after a pop that saw room.
            Assume(~self.valid | room_before),
            Assume(~self.take | queue.valid),
            Assume(self.data[2:] == 0),  # four values are enough to tell words apart, and easier to prove
            Assume(~self.valid | (arrived != self.number) | (self.data == self.value)),
        ]
        m.d.sync += [
            room_before.eq(queue.configuration.room),
            arrived.eq(arrived + self.valid),
            number_before.eq(self.number),
            value_before.eq(self.value),
            running.eq(1),
            was_valid.eq(queue.valid),
            was_taken.eq(self.take),
        ]
        with m.If(running):
            m.d.comb += Assume((self.number == number_before) & (self.value == value_before))
        with m.If(self.take):
            m.d.sync += taken.eq(taken + WORDS)
        for word in range(WORDS):
            with m.If(queue.valid & (self.number == taken + word)):
                m.d.comb += Assert(queue.words.word_select(word, 32) == self.value)
        with m.If(queue.valid):
            m.d.comb += [Assert(arrived >= taken + WORDS), Assert(~queue.idle)]
        with m.If(was_valid & ~was_taken):
            m.d.comb += Assert(queue.valid)
        with m.If(was_taken):
            m.d.comb += Assert(~queue.valid)
        m.d.comb += [
            Assert((arrived == taken) == queue.idle),
            Assert(arrived - taken <= DEPTH + WORDS),
            Cover(taken == 2 * WORDS),
            Cover(queue.valid & ~queue.configuration.room & (arrived - taken == DEPTH + WORDS)),
            Cover((taken == WORDS) & queue.idle),
        ]
        return m


@pytest.mark.parametrize("mode", ["bmc", "cover"])
def test_queue_keeps_order(mode: str, tmp_path: Path) -> None:
    proof = Proof()
    check(proof, proof.ports, mode, CYCLES, tmp_path)
