"""Halves for partial sums are claimed, filled, used and freed in turn, and every entry is written into its own half."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cover, Module, Mux, Signal, Value

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before
from tests.formal.run import Depths, check, refuted
from tests.formal.small_target import SMALL
from tileloom.hw.spec.timing import PARTIAL_BUFFERS
from tileloom.hw.tile.partial_receiver import PartialReceiver

DEPTHS = Depths(12)
HALF = SMALL.accumulator_entries // PARTIAL_BUFFERS


class ReceiverProof(Proof):
    """Senders and users follow each other in any rhythm."""

    def __init__(self, kind: Any = PartialReceiver) -> None:
        super().__init__(kind(SMALL))

    def properties(self, m: Module, component: Any) -> None:
        line = component.line
        claimed, filled, started, finished, freed = (
            Signal(4, name=name) for name in ("claimed", "filled", "started", "finished", "freed")
        )
        for count, strobe in (
            (claimed, line.claim),
            (filled, line.done),
            (started, component.start),
            (finished, component.finish),
            (freed, component.free),
        ):
            m.d.sync += count.eq(count + strobe)
        # Promises: each strobe follows the one before it in the life of a half; units do not overlap; entries come
        # while their half is being filled, the last one before the cycle of `done`.
        assume(m, ~line.claim | line.room, ~line.done | (filled != claimed), ~component.start | component.ready)
        assume(m, ~component.start | (started == finished), ~component.finish | (finished != started))
        assume(m, ~component.free | (freed != finished))
        assume(m, ~line.valid | ((filled != claimed) & ~line.done), line.entry < HALF)
        entry = before(m, line.entry + Mux(filled[0], HALF, 0), "entry")
        sums = before(m, Value.cast(line.sums), "sums")
        was_valid = before(m, line.valid, "valid")
        m.d.comb += [
            Assert(line.room == (claimed - freed != PARTIAL_BUFFERS)),
            Assert(component.ready == (filled != started)),
            Assert(claimed - freed <= PARTIAL_BUFFERS),
            Assert(component.receive == was_valid),
            Assert(~was_valid | ((component.entry == entry) & (Value.cast(component.sums) == sums))),
            Cover((claimed == 3) & was_valid & component.entry[-1:].all()),
            Cover((freed == 2) & (claimed == 4) & ~line.room),
        ]
        with m.If(started != finished):
            m.d.comb += Assert(component.offset == Mux(finished[0], HALF, 0))
            # Nothing is written into the half that is read.
            reading = Mux(finished[0], HALF, 0)
            inside = (component.entry >= reading) & (component.entry < reading + HALF)
            m.d.comb += Assert(~component.receive | ~inside)


def test_turns_of_the_halves() -> None:
    check(ReceiverProof(), DEPTHS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("using.eq(using ^ self.finish)", "using.eq(using ^ self.start)"),
        ("self.entry.eq(s1_entry + Mux(filling, half, 0))", "self.entry.eq(s1_entry + Mux(using, half, 0))"),
        ("full.eq(full + line.done - self.start)", "full.eq(full + line.done - self.finish)"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(ReceiverProof(planted(PartialReceiver, right, wrong)), DEPTHS)
