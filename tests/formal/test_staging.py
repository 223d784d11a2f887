"""The staging ring shows the bytes of its beats in order; the loader's cursor frees no beat that has unread bytes."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cover, Module, Signal, signed
from amaranth.lib import data

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before, constant
from tests.formal.run import Depths, check, refuted
from tests.formal.small_target import SMALL
from tileloom.hw.descriptor import descriptor_layout
from tileloom.hw.dma.staging import StagingRing, StagingShape
from tileloom.hw.dma.staging_cursor import StagingCursor
from tileloom.hw.spec import isa

pytestmark = pytest.mark.full  # minutes on a busy machine


PORT = SMALL.port_bytes
BEATS = StagingShape(SMALL).beats


class RingProof(Proof):
    """One bit of any byte is followed from its beat to a read at any position that covers it."""

    def __init__(self, kind: Any = StagingRing) -> None:
        super().__init__(kind(SMALL))

    def properties(self, m: Module, component: Any) -> None:
        beat = component.beat
        arrived = Signal(4)
        m.d.sync += arrived.eq(arrived + beat.valid)
        number, lane, value = constant(m, 4, "number"), constant(m, range(PORT), "lane"), constant(m, 1, "value")
        assume(m, ~beat.valid | (arrived != number) | (beat.data.word_select(lane, 8)[0] == value))
        # The reader looks at what is visible, and a beat is not replaced before it is read.
        byte, offset = Signal(6), Signal(6)
        reads = Signal()
        m.d.comb += [
            byte.eq(number * PORT + lane),
            offset.eq(byte - component.position),
            reads.eq((component.visible > number) & (arrived <= number + BEATS) & (offset < SMALL.window_banks)),
        ]
        s2_reads = before(m, before(m, reads, "reads"), "s1_reads")
        s3_reads = before(m, s2_reads, "s2_reads")
        s3_offset = before(m, before(m, before(m, offset, "offset"), "s1_offset"), "s2_offset")
        m.d.comb += Assert(component.visible == before(m, arrived, "arrived"))
        with m.If(s3_reads):
            m.d.comb += Assert(component.bytes.word_select(s3_offset[:2], 8)[0] == value)
            m.d.comb += Cover((number == 1) & (s3_offset == 0))
            m.d.comb += Cover((number == BEATS) & (s3_offset == 3) & (lane == 1))


class CursorProof(Proof):
    """Runs of any length and address; the elements of a run take at most its bytes.

    Each row is a run, in one block of one part.
    """

    def __init__(self, kind: Any = StagingCursor) -> None:
        super().__init__(kind(SMALL))

    def properties(self, m: Module, component: Any) -> None:
        given = data.View(descriptor_layout(isa.Load), component.words)
        address, stride = self.free(5, "address"), self.free(5, "stride")
        run_bytes, rows = self.free(4, "run_bytes"), self.free(2, "rows")
        for name in ("blocks", "parts", "bands", "rows_per_run"):
            m.d.comb += given[name].eq(1)
        m.d.comb += [given.address.eq(address), given.run_stride.eq(stride)]
        m.d.comb += [given.run_bytes.eq(run_bytes), given.rows.eq(rows)]
        active = Signal()
        at, by, size, left = Signal(5), Signal(5), Signal(4), Signal(2)
        eaten = Signal(5)  # bytes of the run that its elements have taken
        first = Signal(8)  # its first beat
        last_run = left == 1
        ends_run = Signal()
        ending, beats = Signal(6), Signal(5)
        m.d.comb += [
            ends_run.eq(component.step & component.ends_row),
            ending.eq(at[:2] + size + PORT - 1),
            beats.eq(ending[2:]),
        ]
        with m.If(component.load):
            m.d.sync += [active.eq(1), at.eq(address), by.eq(stride), size.eq(run_bytes), left.eq(rows), eaten.eq(0)]
        with m.Elif(ends_run):
            m.d.sync += [active.eq(~last_run), at.eq(at + by), left.eq(left - 1), eaten.eq(0), first.eq(first + beats)]
        with m.Elif(component.step):
            m.d.sync += eaten.eq(eaten + component.take)
        assume(m, ~component.load | (~active & (run_bytes != 0) & (rows != 0)), ~component.step | active)
        place, present, visible = Signal(10), Signal(), Signal(8)
        m.d.comb += [place.eq((first << 2) + at[:2] + eaten), present.eq((visible << 2) - place >= component.write)]
        assume(m, ~component.step | (present & (component.take != 0) & (eaten + component.take <= size)))
        assume(m, component.write <= component.take, component.take <= SMALL.window_banks)
        # Beats come when they are requested: never more than the ring holds beyond what is freed.
        arrives, stored = self.free(1, "arrives"), Signal(signed(8))
        m.d.sync += visible.eq(visible + arrives)
        freed = Signal(8)  # after the element before
        with m.If(component.step):
            m.d.sync += freed.eq(component.freed)
        m.d.comb += stored.eq(visible - freed)
        assume(m, ~arrives | (stored < BEATS))

        held, freed_now = Signal(8), Signal(8)
        m.d.comb += [held.eq(place[2:] - freed), freed_now.eq(component.freed - freed)]
        # Freed beats only grow, never reach beyond what is still to be read, and are late by less than a burst.
        with m.If(component.step):
            m.d.comb += [Assert(freed_now <= 5), Cover(ends_run & last_run & (first == 3))]
        with m.If(active):
            m.d.comb += [
                Assert(component.position == place),
                Assert(held < SMALL.burst_beats),
                Assert(component.until == (place + component.write)[: len(component.until)]),
                Cover(component.step & (held == 1)),
                Cover((eaten != 0) & (at[:2] == 3) & (held == 0) & ~ends_run),
            ]
        with m.Else():
            m.d.comb += Assert(freed == first)


def test_ring() -> None:
    check(RingProof(), Depths(11, covers=12))


def test_cursor() -> None:
    check(CursorProof(), Depths(7, covers=11))


@pytest.mark.full
def test_cursor_for_longer() -> None:
    check(CursorProof(), Depths(10, covers=11, seconds=900))


@pytest.mark.parametrize(
    ("proof", "component", "right", "wrong"),
    [
        (RingProof, StagingRing, "self.visible.eq(head)", "self.visible.eq(head + self.beat.valid)"),
        (CursorProof, StagingCursor, "low_after >= burst", "low_after > burst"),
        (CursorProof, StagingCursor, "self.until.eq(position + self.write)", "self.until.eq(position + self.take)"),
        (CursorProof, StagingCursor, "self.target.port_activations - 1)", "self.target.port_activations)"),
    ],
)
def test_faults_are_found(proof: Any, component: type, right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(proof(planted(component, right, wrong)), Depths(9))
