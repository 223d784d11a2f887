"""Program fetch asks for the program once, in order, never for more than its buffer holds, and keeps every word."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cat, Cover, Module, Mux, Signal

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before, constant
from tests.formal.run import Depths, check, refuted
from tests.formal.small_target import SMALL
from tileloom.hw.dma.program_fetch import ProgramFetch
from tileloom.hw.spec import timing

pytestmark = pytest.mark.full  # minutes on a busy machine


DEPTHS = Depths(12, covers=26)
BEATS = timing.PROGRAM_BURSTS * SMALL.burst_beats
PORT = SMALL.port_bytes


class FetchProof(Proof):
    """Grants, beats and pops come when they like; one bit of any word is followed. A beat is a word."""

    def __init__(self, kind: Any = ProgramFetch) -> None:
        super().__init__(kind(SMALL))

    def properties(self, m: Module, component: Any) -> None:
        offer, beat = component.offer, component.beat
        address, words = constant(m, 7, "address"), constant(m, 5, "words")  # where the program is, in words
        m.d.comb += [
            component.program_address.eq(address << 2),
            component.program_bytes.eq(words << 2),
            component.window_base.eq(1 << 12),
            component.window_bytes.eq(256),
            component.halt.eq(0),
        ]
        started = Signal()
        requested, arrived, popped = Signal(6), Signal(6), Signal(6)
        number, value = constant(m, 5, "number"), constant(m, 1, "value")
        beats = Signal(4)
        m.d.comb += beats.eq(offer.length + 1)
        m.d.sync += [
            started.eq(started | component.start),
            requested.eq(requested + Mux(offer.granted, beats, 0)),
            arrived.eq(arrived + beat.valid),
            popped.eq(popped + component.pop),
        ]
        assume(m, ~component.start | ~started, (address + words) << 2 <= 256)
        assume(
            m, ~offer.granted | offer.valid, ~beat.valid | (arrived < requested), ~component.pop | component.word_valid
        )
        assume(m, ~beat.valid | (arrived != number) | (beat.data[0] == value))
        offered = before(m, Cat(offer.address, offer.length), "offered")
        waits = before(m, offer.valid & ~offer.granted, "waits")
        with m.If(component.word_valid & (popped == number)):
            m.d.comb += Assert(component.word[0] == value)
        with m.If(offer.valid):
            m.d.comb += [
                Assert(offer.address == (1 << 12) + ((address + requested) << 2)),
                Assert(requested + beats <= words),
                Assert(requested - popped + beats <= BEATS),
                Assert((offer.address[2:] % SMALL.burst_beats) + beats <= SMALL.burst_beats),
                # It is as long as it can be.
                Assert((requested + beats == words) | ((address + requested + beats)[:1] == 0)),
            ]
        with m.If(waits):
            m.d.comb += Assert(offer.valid & (Cat(offer.address, offer.length) == offered))
        m.d.comb += [
            Assert(component.error == 0),
            Assert(~component.word_valid | (popped < arrived)),
            Assert(~started | (component.exhausted == (popped == words))),
            Cover((popped == BEATS + 1) & component.exhausted),
            Cover((requested - popped == BEATS) & (arrived == requested)),
        ]


class PaceProof(Proof):
    """The word of a lonely beat is valid PROGRAM_LATENCY after its handshake, one cycle before it comes here."""

    def properties(self, m: Module, component: Any) -> None:
        m.d.comb += [component.program_bytes.eq(64), component.beat.data.eq(0)]
        since, started = Signal(range(timing.PROGRAM_LATENCY + 1)), Signal()
        with m.If(component.start):
            m.d.sync += started.eq(1)
        with m.If(component.beat.valid):
            m.d.sync += since.eq(2)
        with m.Elif((since != 0) & (since != timing.PROGRAM_LATENCY)):
            m.d.sync += since.eq(since + 1)
        assume(m, ~component.start | ~started, ~component.beat.valid | (started & (since == 0)))
        assume(m, ~component.pop)
        m.d.comb += Assert(component.word_valid == (since == timing.PROGRAM_LATENCY))
        m.d.comb += Cover(component.word_valid)


def test_program_in_order() -> None:
    check(FetchProof(), DEPTHS)


@pytest.mark.full
def test_program_in_order_for_longer() -> None:
    check(FetchProof(), Depths(20, covers=26, seconds=1800))


def test_pace() -> None:
    check(PaceProof(ProgramFetch(SMALL)), Depths(9))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("fits.eq(reserved + cutter.length < self.beats)", "fits.eq(reserved + cutter.length <= self.beats)"),
        ("reserved.eq(reserved + added - freed)", "reserved.eq(reserved + added - self.pop - freed)"),
        ("with m.If(move | self.pop):", "with m.If(move):"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(FetchProof(planted(ProgramFetch, right, wrong)), DEPTHS)
