"""The descriptor queue keeps every word in order, never overflows under the room rule, and shows whole descriptors."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cover, Module, Signal

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before, constant
from tests.formal.run import Depths, check, refuted
from tileloom.hw.descriptor_queue import DescriptorQueue

WORDS, DEPTH = 2, 4
DEPTHS = Depths(15)


class QueueProof(Proof):
    """Any one word, of which one bit is looked at, is followed from the line to the shadow that is taken."""

    def __init__(self, kind: Any = DescriptorQueue) -> None:
        super().__init__(kind(WORDS, DEPTH))

    def properties(self, m: Module, component: Any) -> None:
        line = component.configuration
        arrived, taken = Signal(5), Signal(5)
        number, value = constant(m, 5, "number"), constant(m, 1, "value")
        arrive = line.valid & ~line.table
        held = Signal(5)
        m.d.comb += held.eq(arrived - taken)
        m.d.sync += arrived.eq(arrived + arrive)
        with m.If(component.take):
            m.d.sync += taken.eq(taken + WORDS)
        # The sequencer's promise: a word stands on the line in the cycle after a pop that saw room.
        assume(m, ~line.valid | before(m, line.room, "room", 1), ~component.take | component.valid)
        assume(m, ~arrive | (arrived != number) | (line.data[0] == value), line.data[1:] == 0)
        was_valid, was_taken = before(m, component.valid, "valid"), before(m, component.take, "take")
        words_before = before(m, component.words, "words")
        m.d.comb += [
            Assert(component.idle == (held == 0)),
            Assert(held <= DEPTH + WORDS),
            Assert(~component.valid | (held >= WORDS)),
            Assert(~was_valid | was_taken | component.valid),
            Assert(~was_taken | ~component.valid),
            # For two cycles after the take too.
            Assert(~(was_valid | before(m, was_taken, "was_take")) | (component.words == words_before)),
            Cover((held == DEPTH + WORDS) & ~line.room),
            Cover((taken == 2 * WORDS) & component.idle),
            Cover(line.valid & line.table & component.valid),
        ]
        for word in range(WORDS):
            with m.If(component.valid & (number == taken + word)):
                m.d.comb += Assert(component.words[32 * word] == value)


def test_order_and_room() -> None:
    check(QueueProof(), DEPTHS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("line.room.eq(level <= self.depth - 2)", "line.room.eq(level <= self.depth - 1)"),
        ("move.eq((level != 0) & ~full)", "move.eq(level != 0)"),
        ("arrive.eq(line.valid & ~line.table)", "arrive.eq(line.valid)"),
        ("m.d.sync += [full.eq(0), self.valid.eq(0)]", "m.d.sync += full.eq(0)"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(QueueProof(planted(DescriptorQueue, right, wrong)), DEPTHS)
