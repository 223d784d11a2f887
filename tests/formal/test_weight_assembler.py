"""Weight words hold the bytes of their portion in order, without gaps, two cycles after the beat that completes one."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cover, Module, Mux, Signal

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before, constant
from tests.formal.run import Depths, check, refuted
from tileloom.hw.tile.weight_assembler import WeightAssembler

DEPTHS = Depths(9, covers=13)


class AssemblerProof(Proof):
    """Any byte (one bit of it) of any portion is followed into its word."""

    def __init__(self, word: int, port: int, kind: Any = WeightAssembler) -> None:
        self.word, self.port = word, port
        super().__init__(kind(word, port))

    def properties(self, m: Module, component: Any) -> None:
        word, port = self.word, self.port
        portion, words = Signal(3), Signal(4)  # numbers of the present portion and of the present word, of all
        first_word, fill = Signal(4), Signal(range(word))  # of the portion; bytes of the present word that have come
        after = Signal(range(2 * word))
        completes = Signal()
        m.d.comb += [after.eq(fill + port), completes.eq(after >= word)]
        with m.If(component.valid):
            m.d.sync += [words.eq(words + completes), fill.eq(Mux(completes, after - word, after))]
            with m.If(component.last):
                m.d.sync += [fill.eq(0), portion.eq(portion + 1), first_word.eq(words + completes)]

        # The followed byte: a portion, a word in it, and a place in the word.
        number, offset = constant(m, 3, "number"), constant(m, 2, "offset")
        place, value = constant(m, range(word), "place"), constant(m, 1, "value")
        assume(m, place < word)
        here, there = Signal(), Signal()  # it comes with this beat, in the present word or in the next one
        lane = Signal(range(2 * word))
        m.d.comb += [
            here.eq((words == first_word + offset) & (place >= fill) & (place < after)),
            there.eq((words + 1 == first_word + offset) & (place + word < after)),
            lane.eq(Mux(there, place + word - fill, place - fill)),
        ]
        hit, seen = Signal(), Signal()
        m.d.comb += hit.eq(component.valid & (portion == number) & (here | there))
        assume(m, ~hit | (component.data.word_select(lane[: (port - 1).bit_length()], 8)[0] == value))
        goal = Signal(4)
        with m.If(hit):
            m.d.sync += [seen.eq(1), goal.eq(first_word + offset)]
        # A word that its portion does not complete is dropped, and its number goes to the next one.
        with m.If(component.valid & component.last & (portion == number)):
            m.d.sync += seen.eq((hit | seen) & (first_word + offset < words + completes))

        out = Signal(4)
        m.d.sync += out.eq(out + component.o_valid)
        due = before(m, before(m, component.valid & completes, "completed"), "completed_before")
        m.d.comb += Assert(component.o_valid == due)
        with m.If(component.o_valid & seen & (out == goal)):
            m.d.comb += Assert(component.o_word.word_select(place, 8)[0] == value)
            m.d.comb += [Cover((number == 1) & (offset == 1)), Cover(place == word - 1)]


@pytest.mark.parametrize(("word", "port"), [(4, 4), (5, 4), (6, 4), (7, 2), (9, 8)])
def test_bytes_in_order(word: int, port: int) -> None:
    check(AssemblerProof(word, port), DEPTHS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("complete.eq(after >= word)", "complete.eq(after > word)"),
        ("fill.eq(Mux(self.last, 0, Mux(complete", "fill.eq(Mux(0, 0, Mux(complete"),
        ("partial[: bits * port].eq(begun)", "partial[: bits * port].eq(s1_beat)"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(AssemblerProof(6, 4, planted(WeightAssembler, right, wrong)), DEPTHS)
