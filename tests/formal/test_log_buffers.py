"""Logs as memories: what arrives in a window buffer or a weight ring is what units read, for as long as they may."""

from types import SimpleNamespace
from typing import Any

import pytest
from amaranth.hdl import Assert, Cover, Module, Mux, Signal, Value

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before, constant
from tests.formal.run import Depths, check, refuted
from tileloom.hw.tile.activation_buffer import ActivationBuffer
from tileloom.hw.tile.weight_buffer import WeightBuffer

BANKS, BYTES = 2, 8
RING = SimpleNamespace(weight_words=3, word_bytes=5, port_bytes=4, element_bytes=1, compact=False)


class Log:
    """Where a log's pointers are, as numbers modulo 32 that do not wrap round the log.

    ``shown`` is the head as units see it, ``readable`` what a read presented in this cycle finds.
    """

    def __init__(self, m: Module, use: Any, size: int, arrive: Value, amount: Value) -> None:
        names = ("tail", "base", "head", "reserved")
        self.tail, self.base, self.head, self.reserved = (Signal(5, name=name) for name in names)
        m.d.sync += [
            self.reserved.eq(self.reserved + Mux(use.claim, use.amount, 0)),
            self.head.eq(self.head + Mux(arrive, amount, 0)),
            self.base.eq(self.base + Mux(use.leave, use.left, 0)),
            self.tail.eq(self.tail + Mux(use.release, use.released, 0)),
        ]
        self.shown = before(m, self.head, "head")
        self.readable = before(m, self.shown, "shown")
        assume(m, use.amount <= size, use.span <= size, use.released <= size, use.left >= 0, use.left <= size)
        assume(m, ~use.claim | use.room, ~arrive | (amount <= self.distance(self.head, self.reserved)))
        assume(m, ~use.leave | (use.left <= self.distance(self.base, self.shown)))
        moved = Mux(use.leave, use.left, 0) + self.distance(self.tail, self.base)
        assume(m, ~use.release | (use.released <= moved))
        m.d.comb += Assert(use.ready == (self.distance(self.base, self.shown) >= use.span))
        m.d.comb += Assert(use.room == (self.distance(self.tail, self.reserved) + use.amount <= size))

    @staticmethod
    def distance(start: Value, end: Value) -> Value:
        """From one pointer to a later one."""
        return (end - start)[:5]

    def may_read(self, place: Value) -> Value:
        """Whether a unit may read this place of the log."""
        return self.distance(self.base, place) < self.distance(self.base, self.readable)


class WindowProof(Proof):
    """One bit of any byte is followed from the element that writes it to any read that covers it."""

    def __init__(self, register: bool, kind: Any = ActivationBuffer) -> None:
        self.latency = 3 if register else 2
        super().__init__(kind(BYTES, BANKS, register))

    def properties(self, m: Module, component: Any) -> None:
        log = Log(m, component.use, BYTES, component.valid & component.last, component.advance)
        place, value, written = constant(m, 5, "place"), constant(m, 1, "value"), Signal()
        assume(m, component.offset <= BYTES, component.advance <= BYTES)
        room = log.distance(log.head, log.reserved)
        for i in range(BANKS):
            assume(m, ~(component.valid & component.enable[i]) | (component.offset + i < room))
        lane = Signal(5)
        m.d.comb += lane.eq(place - log.head - component.offset)
        hit = component.valid & (lane < BANKS) & component.enable.bit_select(lane[:1], 1)
        assume(m, ~hit | (component.data.word_select(lane[:1], 8)[0] == value))
        with m.If(hit):
            m.d.sync += written.eq(1)

        offset = Signal(3)
        m.d.comb += offset.eq(place[:3] - component.read_address)
        reads = written & log.may_read(place) & (offset < BANKS)
        came, byte = reads, offset
        for stage in range(self.latency):
            came, byte = before(m, came, f"reads{stage}"), before(m, byte, f"offset{stage}")
        with m.If(came):
            m.d.comb += Assert(component.read_data.word_select(byte[:1], 8)[0] == value)
            m.d.comb += [Cover(byte[0] & (place >= BYTES)), Cover(place == 3)]


class RingProof(Proof):
    """One bit of any weight word is followed from its beats, which know nothing of words, to any read."""

    def __init__(self, kind: Any = WeightBuffer) -> None:
        super().__init__(kind(RING))

    def properties(self, m: Module, component: Any) -> None:
        size, word, port = RING.weight_words, RING.word_bytes, RING.port_bytes
        log = Log(m, component.use, size, component.valid & component.last, component.words)
        fill, after, words = Signal(range(word)), Signal(range(2 * word)), Signal(5)
        completes = Signal()
        m.d.comb += [after.eq(fill + port), completes.eq(after >= word)]
        with m.If(component.valid):
            m.d.sync += [words.eq(words + completes), fill.eq(Mux(completes, after - word, after))]
            with m.If(component.last):
                m.d.sync += fill.eq(0)
        # A portion has as many words as its beats hold, and room for them is reserved before its first beat comes.
        came = log.distance(log.head, words) + completes
        assume(m, ~(component.valid & component.last) | (component.words == came))
        assume(m, ~component.valid | (came <= log.distance(log.head, log.reserved)))

        place, byte = constant(m, 5, "place"), constant(m, range(word), "byte")
        value = constant(m, 1, "value")
        assume(m, byte < word)
        here, there = (words == place) & (byte >= fill) & (byte < after), (words + 1 == place) & (byte + word < after)
        lane = Signal(range(2 * word))
        m.d.comb += lane.eq(Mux(here, byte, byte + word) - fill)
        hit = component.valid & (here | there)
        assume(m, ~hit | (component.data.word_select(lane[:2], 8)[0] == value))

        turn = Signal(range(size))  # address of the followed word
        m.d.comb += turn.eq(place % size)
        presented = before(m, log.may_read(place) & (component.read_address == turn), "presented")
        reads = before(m, presented, "reads")
        with m.If(reads):
            m.d.comb += [
                Assert(component.read_data.word_select(byte, 8)[0] == value),
                Cover((place == size) & (byte == word - 1)),
                Cover((place == 1) & (byte == 0)),
            ]


@pytest.mark.parametrize("register", [False, True])
def test_window(register: bool) -> None:
    check(WindowProof(register), Depths(7, covers=13))


@pytest.mark.full
@pytest.mark.parametrize("register", [False, True])
def test_window_for_longer(register: bool) -> None:
    check(WindowProof(register), Depths(10, covers=13, seconds=1800))


def test_weights() -> None:
    check(RingProof(), Depths(10, covers=15))


@pytest.mark.full
def test_weights_round_the_ring() -> None:
    check(RingProof(), Depths(14, covers=15, seconds=1800))


@pytest.mark.parametrize(
    ("proof", "component", "right", "wrong"),
    [
        (
            lambda kind: WindowProof(False, kind),
            ActivationBuffer,
            "room.arrive.eq(s1_last)",
            "room.arrive.eq(self.last)",
        ),
        (
            lambda kind: WindowProof(False, kind),
            ActivationBuffer,
            "head.eq(head + self.advance)",
            "head.eq(head + self.enable)",
        ),
        (RingProof, WeightBuffer, "Mux(head == depth - 1, 0, head + 1)", "head + 1"),
        (RingProof, WeightBuffer, "room.arrived.eq(s1_words)", "room.arrived.eq(self.words)"),
    ],
)
def test_faults_are_found(proof: Any, component: type, right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(proof(planted(component, right, wrong)), Depths(12, seconds=120))
