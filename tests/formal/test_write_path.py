"""The write path: requests and beats wait unchanged, in order, with data and strobes; stored slots are counted."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cat, Cover, Module, Signal

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before, constant
from tests.formal.run import Depths, check, refuted
from tests.formal.small_target import SMALL
from tileloom.hw.dma.write_path import WritePath
from tileloom.hw.spec import timing

pytestmark = pytest.mark.full  # minutes on a busy machine


DEPTHS = Depths(10, covers=13)


class WritePathProof(Proof):
    """Reads for the memory or for the map buffer, handshakes and responses come in any order that is allowed."""

    def __init__(self, kind: Any = WritePath) -> None:
        super().__init__(kind(SMALL))

    def properties(self, m: Module, component: Any) -> None:
        read = component.read
        written = component.w_valid & component.w_ready
        requests, reads, beats, answers, bursts_written = (
            Signal(4, name=name) for name in ("requests", "reads", "beats", "answers", "bursts_written")
        )
        memory_read = read.valid & ~read.to_map
        m.d.sync += [
            requests.eq(requests + component.request),
            reads.eq(reads + memory_read),
            beats.eq(beats + written),
            bursts_written.eq(bursts_written + (written & component.w_last)),
            answers.eq(answers + component.b_valid),
        ]
        # The O engine's promises and those of a memory: an answer follows its burst's address and last beat.
        requests_taken = Signal(4)
        m.d.sync += requests_taken.eq(requests_taken + (component.aw_valid & component.aw_ready))
        assume(m, ~component.request | component.memory_ready, ~memory_read | component.read_ready)
        assume(m, ~read.valid | ~read.to_map | component.map_ready)
        assume(m, ~component.b_valid | ((answers != bursts_written) & (answers != requests_taken)))

        # One read for the memory is followed: its place in the order, one bit of one byte.
        number, lane, value = constant(m, 4, "number"), constant(m, 2, "lane"), constant(m, 1, "value")
        strobe, last = constant(m, 1, "strobe"), constant(m, 1, "last")
        hit = memory_read & (reads == number)
        assume(m, ~hit | ((strobe == ((read.first_byte <= lane) & (read.last_byte >= lane))) & (read.last == last)))
        arrives = before(m, before(m, hit, "hit"), "s1_hit")
        assume(m, ~arrives | (component.slot_data.word_select(lane, 8)[0] == value))
        halted = Signal()
        m.d.sync += halted.eq(halted | component.halt)
        with m.If(component.w_valid & (beats == number)):
            m.d.comb += Assert(component.w_data.word_select(lane, 8)[0] == value)
            m.d.comb += Assert(component.w_last == last)
            m.d.comb += Assert((component.w_strobe.bit_select(lane, 1) == strobe) | halted)
            m.d.comb += Cover((number == 3) & strobe & last & component.w_ready)

        address = Cat(component.aw_address, component.aw_length)
        beat = Cat(component.w_data, component.w_strobe, component.w_last)
        aw_waits = before(m, component.aw_valid & ~component.aw_ready, "aw_waits")
        w_waits = before(m, component.w_valid & ~component.w_ready, "w_waits")
        requested = before(m, component.request, "request")
        given = before(m, Cat(component.address, component.length), "given")
        outstanding = Signal(4)
        m.d.comb += outstanding.eq(requests - answers)
        m.d.comb += [
            Assert(~aw_waits | (component.aw_valid & (address == before(m, address, "aw")))),
            Assert(~w_waits | (component.w_valid & (beat == before(m, beat, "w")))),
            Assert(component.aw_valid == (requested | aw_waits)),
            Assert(~requested | (address == given)),
            Assert((reads - beats)[:4] <= timing.WRITE_FIFO),
            Assert(outstanding <= SMALL.outstanding),
            Assert(component.memory_idle | (requests != 0)),
            Assert(~component.memory_idle | (outstanding == 0)),
            Assert((component.map_strobe == 0) | ~component.w_valid),
            Cover((reads - beats)[:4] == timing.WRITE_FIFO),
            Cover((answers == 2) & component.memory_idle),
        ]
        stored = Signal(16)  # slots of the memory
        slots = [Signal(name=f"slot{n}") for n in range(16)]
        with m.If(component.request):
            for n in range(16):
                with m.If(requests == n):
                    m.d.sync += slots[n].eq(component.ends_slot)
        with m.If(component.b_valid):
            m.d.sync += stored.eq(stored + (Cat(slots) >> answers)[0])
        stages = read.valid & read.to_map & read.ends_slot
        for stage in range(timing.MAP_STORE_LATENCY - 1):
            stages = before(m, stages, f"stage{stage}")
        in_map = Signal(16)
        m.d.sync += in_map.eq(in_map + stages)
        m.d.comb += Assert(component.stored == before(m, stored, "stored") + in_map)
        m.d.comb += Cover((component.stored == 2) & (in_map == 1))


def test_write_path() -> None:
    check(WritePathProof(), DEPTHS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (
            "self.memory_ready.eq(~self.aw_valid & (awaited < outstanding))",
            "self.memory_ready.eq(awaited < outstanding)",
        ),
        ("self.read_ready.eq(unwritten < timing.WRITE_FIFO)", "self.read_ready.eq(unwritten <= timing.WRITE_FIFO)"),
        ("(s2.first_byte <= i) & (s2.last_byte >= i)", "(s2.first_byte <= i) & (s2.last_byte > i)"),
        ("ends_slot.pop.eq(self.b_valid)", "ends_slot.pop.eq(answered)"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(WritePathProof(planted(WritePath, right, wrong)), DEPTHS)
