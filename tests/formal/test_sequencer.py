"""The sequencer sends every popped word once, only where there is room, and stops at what it does not know."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cat, Cover, Module, Signal

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before
from tests.formal.run import Depths, check, refuted
from tests.formal.small_target import SMALL
from tileloom.hw.sequencer import Sequencer
from tileloom.hw.spec import isa
from tileloom.hw.spec.isa import Opcode

DEPTHS = Depths(10, covers=22)


class SequencerProof(Proof):
    """Any words; queues have room, units are idle and words are there when they like."""

    def __init__(self, kind: Any = Sequencer) -> None:
        super().__init__(kind(SMALL))

    def properties(self, m: Module, component: Any) -> None:
        units = [component.load, component.loader, component.weights, component.store]
        lines = [*units, *component.tiles]
        assume(m, component.program_words == before(m, component.program_words, "words", 40))
        # An error ends the run, as the run control sees to.
        failed = Signal()
        m.d.sync += failed.eq(failed | (component.error != 0))
        assume(m, ~(failed & component.running))
        popped = before(m, component.pop, "pop")
        word, older = Signal(32), Signal(32)  # the last two words that were popped
        with m.If(component.pop):
            m.d.sync += [word.eq(component.word), older.eq(word)]
        for number, line in enumerate(lines):
            room = before(m, line.room, f"room{number}", 1)
            m.d.comb += [
                Assert(~line.valid | popped),
                Assert(~line.valid | line.table | room),
                Assert(~line.valid | (line.data == word) | ((number >= 4) & (line.data == older))),
            ]
        to_tiles = Cat(line.valid for line in component.tiles).any()
        m.d.comb += [
            Assert(component.load.valid == component.loader.valid),
            Assert(component.load.valid + component.weights.valid + component.store.valid + to_tiles <= 1),
            Assert(~component.pop | (component.running & component.word_valid)),
            Assert(~component.done | (component.running & component.units_idle & component.tiles_idle.all())),
        ]
        # The first header is BEGIN, and nothing else is sent or done before it.
        pops = Signal(6)
        m.d.sync += pops.eq(pops + component.pop)
        begin = Opcode.BEGIN | isa.words_of(isa.Begin) << 8
        with m.If(component.pop & (pops == 0)):
            m.d.comb += Assert((component.error != 0) == (component.word[:16] != begin))
        sends = Cat(line.valid for line in lines).any()
        m.d.comb += [
            Assert(
                ~sends | (pops > isa.words_of(isa.Begin)) | failed
            ),  # what ends the run goes no further than a queue
            Assert(pops <= component.program_words),
            Cover(component.done),
            Cover(component.tiles[1].valid & ~component.tiles[0].valid & ~component.tiles[1].table),
            Cover(component.store.valid & popped & (pops == 8)),
            Cover(component.error != 0),
        ]


def test_words_go_where_there_is_room() -> None:
    check(SequencerProof(), DEPTHS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("~(send & no_room).any()", "~(send & no_room).all()"),
        ("legal.eq(begun | (opcode == Opcode.BEGIN))", "legal.eq(1)"),
        ("send_data.eq(header)", "send_data.eq(popped)"),
        (
            "self.done.eq(self.running & self.units_idle & self.tiles_idle.all())",
            "self.done.eq(self.running & self.units_idle)",
        ),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(SequencerProof(planted(Sequencer, right, wrong)), Depths(12, seconds=120))
