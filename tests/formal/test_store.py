"""The O engine writes nothing outside the window, reads every beat of a burst once, and frees a slot that was full."""

from typing import Any, ClassVar

import pytest
from amaranth.hdl import Assert, Cat, Cover, Module, Mux, Signal

from tests.formal.faults import planted
from tests.formal.proof import assume, before
from tests.formal.run import Depths, check, refuted
from tests.formal.small_target import SMALL
from tests.formal.stand_ins import AnyDescriptors, ProofWithStandIns
from tileloom.hw.dma.store import StoreAddresses

DEPTHS = Depths(10, covers=14)


class StoreProof(ProofWithStandIns):
    """Any descriptors; slots become full, and the write path becomes ready, when they like."""

    stand_ins: ClassVar = {"DescriptorQueue": AnyDescriptors}

    def __init__(self, kind: Any = StoreAddresses) -> None:
        super().__init__(kind, SMALL)

    def properties(self, m: Module, component: Any) -> None:
        port, read = SMALL.port_bytes, component.read
        base, size = component.window_base, component.window_bytes
        window = before(m, Cat(base, size), "window")
        running = before(m, 1, "running")
        assume(m, ~running | (Cat(base, size) == window), base[:12] == 0, (base + size) <= 1 << 32)
        for slot in component.slots:
            # A full slot stays so until it is released.
            full, released = before(m, slot.full, "full"), before(m, slot.release, "release")
            assume(m, ~full | released | slot.full)
            m.d.comb += Assert(~slot.release | slot.full)
            m.d.comb += Cover(slot.release)

        beats, end = Signal(9), Signal(33)
        left, to_memory = Signal(9), Signal()  # reads of the present memory burst that are to come
        m.d.comb += [beats.eq(component.length + 1), end.eq(component.address + beats * port)]
        with m.If(component.request):
            m.d.sync += [left.eq(beats), to_memory.eq(1)]
            m.d.comb += [
                Assert(left == 0),
                Assert(~read.valid & ~component.halt & component.memory_ready),
                Assert(component.address % port == 0),
                Assert(component.address % SMALL.burst_bytes + beats * port <= SMALL.burst_bytes),
                Assert((component.address >= base) & (end <= base + size)),
            ]
        with m.Elif(read.valid & ~read.to_map):
            m.d.sync += left.eq(left - 1)
        with m.If(read.valid & ~read.to_map):
            m.d.comb += [
                Assert(left != 0),
                Assert(read.last == (left == 1)),
                Assert(component.read_ready),
                Assert(read.first_byte <= read.last_byte),
                Cover(read.last & (read.last_byte == 1) & read.ends_slot),
                Cover((left == 2) & (read.first_byte == 3)),
            ]
        with m.If(read.valid & read.to_map):
            m.d.comb += [Assert(left == 0), Cover(read.map_beat == SMALL.map_bytes // port - 1)]
        # A slot is released with the last read of its last burst, or because nothing of it is stored.
        released = Mux(Cat(slot.release for slot in component.slots).any(), 1, 0)
        m.d.comb += Assert(~(read.valid & read.ends_slot) | released)
        m.d.comb += Assert(~released | ~read.valid | (read.ends_slot & read.last))
        # Bytes outside the run: the first beat of a burst begins where the burst does, all others at 0.
        was_last = before(m, read.valid & ~read.last, "within")
        m.d.comb += Assert(~(was_last & read.valid) | (read.first_byte == 0))


def test_bursts_and_slots() -> None:
    check(StoreProof(), DEPTHS)


@pytest.mark.full
def test_bursts_and_slots_for_longer() -> None:
    check(StoreProof(), Depths(15, seconds=1800))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("with m.If(cutter.outside):", "with m.If(cutter.outside & in_map):"),
        ("release.eq(~nest.advance[0])", "release.eq(1)"),
        ("with m.If(in_map | self.read_ready):", "with m.If(1):"),
        ("self.read.last.eq(beats_left == 0)", "self.read.last.eq(cutter.length == 0)"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(StoreProof(planted(StoreAddresses, right, wrong)), Depths(12, seconds=120))
