"""The map buffer answers every request with its beats, in order, when it promised, with what was written."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cat, Cover, Module, Mux, Signal

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before, constant
from tests.formal.run import Depths, check, refuted
from tests.formal.small_target import SMALL
from tileloom.hw.dma.map_buffer import MapBuffer
from tileloom.hw.spec.timing import MAP_READ_LATENCY

DEPTHS = Depths(11, covers=13)
BEATS = SMALL.map_bytes // SMALL.port_bytes


class MapProof(Proof):
    """Any one request is followed, and one bit of any one beat of the memory."""

    def __init__(self, kind: Any = MapBuffer) -> None:
        super().__init__(kind(SMALL))

    def properties(self, m: Module, component: Any) -> None:
        beat = component.beat
        ends = beat.valid & beat.last
        requests, answered, place = Signal(4), Signal(4), Signal(9)
        m.d.sync += [requests.eq(requests + component.request), answered.eq(answered + ends)]
        with m.If(beat.valid):
            m.d.sync += place.eq(Mux(beat.last, 0, place + 1))
        # A burst is under way until the cycle after its last beat is shown.
        assume(m, ~component.request | (requests - answered < SMALL.outstanding))
        assume(m, component.length < 4, component.address % SMALL.port_bytes == 0)
        assume(
            m, component.address[:6] + (component.length << 2) < SMALL.map_bytes, component.address < SMALL.map_bytes
        )

        number, client = constant(m, 4, "number"), constant(m, 2, "client")
        start, length = constant(m, range(BEATS), "start"), constant(m, 2, "length")
        fields = Cat(component.client, component.address[2:5], component.length)
        hit = component.request & (requests == number)
        assume(m, ~hit | (fields == Cat(client, start, length)))
        present = Signal()
        m.d.comb += present.eq(beat.valid & (answered == number))
        with m.If(present):
            m.d.comb += [
                Assert(beat.client == client),
                Assert(beat.last == (place == length)),
                Cover((number == 2) & beat.last & (length == 1)),
            ]
        m.d.comb += Assert(~beat.valid | (answered != requests))
        # One beat a cycle: from the first one of a burst to its last, and on to a burst that waits.
        m.d.comb += Assert(beat.valid | (place == 0))
        came = component.request  # its first beat is due; `beat` shows a beat one cycle after it
        for stage in range(MAP_READ_LATENCY + 1):
            came = before(m, came, f"came{stage}")
        due = Signal(4)
        m.d.comb += due.eq(before(m, due, "due") + came)
        m.d.comb += Assert(beat.valid == (due != answered))
        # A cell of the memory whose one bit has the same value whenever it is written.
        cell, value, written = constant(m, range(BEATS), "cell"), constant(m, 1, "value"), Signal()
        writes = component.write_strobe[0] & (component.write_address == cell)
        assume(m, ~writes | (component.write_data[0] == value))
        with m.If(writes):
            m.d.sync += written.eq(1)
        old = before(m, before(m, before(m, written, "w1"), "w2"), "w3")
        with m.If(present & old & (start + place == cell)):
            m.d.comb += [Assert(beat.data[0] == value), Cover(place == 1)]


def test_bursts() -> None:
    check(MapProof(), DEPTHS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("start.eq(requests.valid & (~running | (active.left == 0)))", "start.eq(requests.valid & ~running)"),
        ("s1_last.eq(active.left == 0)", "s1_last.eq(active.left == 1)"),
        ("read.addr.eq(active.address)", "read.addr.eq(active.address + 1)"),
        ("with m.Elif(active.left == 0):", "with m.Elif(active.left == 1):"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(MapProof(planted(MapBuffer, right, wrong)), DEPTHS)
