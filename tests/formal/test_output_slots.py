"""Output slots are claimed, filled, read and freed in turn; what was written into a slot is what is read from it."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cover, Module, Signal

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before, constant
from tests.formal.run import Depths, check, refuted
from tests.formal.small_target import SMALL
from tileloom.hw.spec.timing import SLOTS
from tileloom.hw.tile.output_slots import OutputSlots

DEPTHS = Depths(11)


class SlotsProof(Proof):
    """One byte of any one slot (the claims are numbered) is followed from its write to its read."""

    def __init__(self, kind: Any = OutputSlots) -> None:
        super().__init__(kind(SMALL))

    def properties(self, m: Module, component: Any) -> None:
        line, port = component.line, SMALL.port_bytes
        claims, fills, releases = (Signal(3, name=name) for name in ("claims", "fills", "releases"))
        m.d.sync += [
            claims.eq(claims + component.claim),
            fills.eq(fills + component.fill),
            releases.eq(releases + line.release),
        ]
        # Promises: claims see a free slot, fills follow claims, releases see a full slot.
        assume(m, ~component.claim | component.free, ~component.fill | (fills != claims), ~line.release | line.full)
        assume(m, component.count <= 1, line.address <= SMALL.slot_bytes - port)
        # Writes go to the slot that is filled at present, and no longer in the two cycles of its filling or after it.
        assume(m, (component.count == 0) | (fills != claims) & (component.slot == fills[0]) & ~component.fill)
        just_written = before(m, component.count != 0, "count")
        assume(m, ~(component.fill & just_written))

        number, place = constant(m, 3, "number"), constant(m, range(SMALL.slot_bytes), "place")
        value, written = constant(m, 1, "value"), Signal()
        hit = (component.count != 0) & (fills == number) & (component.address == place)
        assume(m, ~hit | (component.data[0] == value))
        with m.If(hit):
            m.d.sync += written.eq(1)
        reads = Signal()
        lane = Signal(3)
        m.d.comb += [
            lane.eq(place - line.address),
            reads.eq(
                line.full & (releases == number) & written & (line.address <= place) & (place < line.address + port)
            ),
        ]
        s1_reads = before(m, reads, "reads")
        s2_reads = before(m, s1_reads, "s1_reads")
        s2_lane = before(m, before(m, lane, "lane"), "s1_lane")
        with m.If(s2_reads):
            m.d.comb += Assert(line.data.word_select(s2_lane[:2], 8)[0] == value)
        m.d.comb += [
            Assert(component.free == (claims - releases != SLOTS)),
            Assert(line.full == (fills != releases)),
            Assert(claims - releases <= SLOTS),
            Assert(fills - releases <= claims - releases),
            Cover((claims - releases == 2) & (fills == claims)),
            Cover(s2_reads & (number == 1) & (s2_lane == 1)),
        ]
        with m.If(claims != 0):
            m.d.comb += Assert(component.claimed == (claims - 1)[0])


def test_turns_and_bytes() -> None:
    check(SlotsProof(), DEPTHS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("oldest.eq(oldest ^ line.release)", "oldest.eq(oldest ^ self.fill)"),
        ("free.eq(free - self.claim + line.release)", "free.eq(free - self.claim + self.fill)"),
        ("claimed = Signal(), Signal(init=1)", "claimed = Signal(), Signal()"),
        ("Cat(write, self.slot)", "Cat(write, claimed)"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(SlotsProof(planted(OutputSlots, right, wrong)), DEPTHS)
