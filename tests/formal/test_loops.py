"""Counters of nested loops, their addresses, and the mask that moves with the parts."""

from types import SimpleNamespace
from typing import Any

import pytest
from amaranth.hdl import Assert, Cat, Cover, Module, Signal, Value

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume
from tests.formal.run import Depths, check, refuted
from tileloom.hw.dma.loop_address import LoopAddress
from tileloom.hw.dma.loop_nest import LoopNest
from tileloom.hw.dma.part_mask import PartMask

TILES = SimpleNamespace(tiles=4, compact=False, has_parts=True)


class NestProof(Proof):
    """Against indices that count up; a count of 0 is one pass, level 0 counts in steps of ``amount``."""

    def __init__(self, kind: Any = LoopNest) -> None:
        super().__init__(kind([3, 2, 2]))

    def properties(self, m: Module, component: Any) -> None:
        levels = range(3)
        loaded = Signal()
        counts, indices = [Signal(3, name=f"c{n}") for n in levels], [Signal(4, name=f"i{n}") for n in levels]
        amount = Signal(3)
        assume(m, ~(component.load & component.step), ~component.step | loaded, component.amount != 0)
        last: list[Value] = [(indices[0] + 1) * amount >= counts[0]]
        last += [indices[n] + 1 >= counts[n] for n in (1, 2)]
        expected = Cat(~last[0], last[0] & ~last[1], last[0] & last[1] & ~last[2])
        with m.If(component.load):
            m.d.sync += [loaded.eq(1), amount.eq(component.amount)]
            m.d.sync += [counts[n].eq(getattr(component, f"count{n}")) for n in levels]
            m.d.sync += [index.eq(0) for index in indices]
        with m.Elif(component.step):
            for n in levels:
                with m.If(Cat(last[: n + 1]).all() if n < 2 else Cat(last).all()):
                    m.d.sync += indices[n].eq(0)
                with m.Elif(Cat(last[:n]).all() if n else 1):
                    m.d.sync += indices[n].eq(indices[n] + 1)
        with m.If(loaded):
            m.d.comb += [
                Assert(component.advance == expected),
                Assert(component.done == Cat(last).all()),
                Cover(component.done & component.step & (counts[0] == 5) & (amount == 2) & (counts[1] == 2)),
                Cover(component.done & (counts[0] == 0) & (counts[2] == 3)),
                Cover(component.step & (indices[2] == 1) & (indices[1] == 1) & (indices[0] == 1)),
            ]


class AddressProof(Proof):
    """A level's address is that of the level outside it and what it has added itself; loops advance in any order."""

    def __init__(self, kind: Any = LoopAddress) -> None:
        super().__init__(kind(3, 5))

    def properties(self, m: Module, component: Any) -> None:
        loaded, start = Signal(), Signal(5)
        strides, added = [Signal(5, name=f"s{n}") for n in range(3)], [Signal(5, name=f"a{n}") for n in range(3)]
        # One level goes on, or none at the end of the nest.
        advance = component.advance
        assume(m, (advance & (advance - 1)) == 0, ~(component.load & component.step), ~component.step | loaded)
        with m.If(component.load):
            m.d.sync += [loaded.eq(1), start.eq(component.start), *(value.eq(0) for value in added)]
            m.d.sync += [strides[n].eq(getattr(component, f"stride{n}")) for n in range(3)]
        with m.Elif(component.step):
            for n in range(3):
                with m.If(advance[n]):
                    m.d.sync += [added[n].eq(added[n] + strides[n]), *(value.eq(0) for value in added[:n])]
        sums = [Signal(5, name=f"sum{n}") for n in range(3)]
        m.d.comb += [sums[2].eq(start + added[2]), sums[1].eq(sums[2] + added[1]), sums[0].eq(sums[1] + added[0])]
        with m.If(loaded):
            m.d.comb += Assert(component.address == sums[0])
            for n in range(3):
                m.d.comb += Assert(self.register(f"held_stride{n}") == strides[n])
                m.d.comb += Assert(self.register(f"base{n}") == sums[n])
                with m.If(advance[n]):
                    m.d.comb += Assert(component.following == (sums[n] + strides[n])[:5])
            m.d.comb += Cover((added[0] == 1) & (added[1] == 5) & (added[2] == 7) & (start == 3))


class MaskProof(Proof):
    """Against the shift of the start mask by the number of the part."""

    def __init__(self, kind: Any = PartMask) -> None:
        super().__init__(kind(TILES))

    def properties(self, m: Module, component: Any) -> None:
        start, shift, part, loaded = Signal(4), Signal(6), Signal(3), Signal()
        assume(m, ~(component.next_part & component.first_part), ~component.next_part | (part != 7))
        with m.If(component.load):
            m.d.sync += [start.eq(component.start), shift.eq(component.shift), part.eq(0), loaded.eq(1)]
        with m.Elif(component.first_part):
            m.d.sync += part.eq(0)
        with m.Elif(component.next_part):
            m.d.sync += part.eq(part + 1)
        distance = Signal(9)
        m.d.comb += distance.eq(part * shift)
        with m.If(loaded):
            m.d.comb += Assert(component.mask == (start << distance)[:4])
            m.d.comb += Cover((part == 2) & (shift == 1) & (component.mask == 0b1100))
            m.d.comb += Cover((part == 1) & (distance == 63))


@pytest.mark.parametrize(("proof", "depths"), [(NestProof, Depths(9)), (MaskProof, Depths(8))])
def test_loops(proof: Any, depths: Depths) -> None:
    check(proof(), depths)


def test_addresses() -> None:
    check(AddressProof(), Depths(3, covers=6), inductive=True)


@pytest.mark.parametrize(
    ("proof", "component", "right", "wrong"),
    [
        (NestProof, LoopNest, "left <= twice", "left == twice"),
        (NestProof, LoopNest, "with m.Elif(self.step & lasts[n] & inner_done):", "with m.Elif(self.step & lasts[n]):"),
        (AddressProof, LoopAddress, "self.step & self.advance[n:].any()", "self.step & self.advance[n]"),
        (MaskProof, PartMask, "mask.eq(mask << shift)", "mask.eq(first << shift)"),
    ],
)
def test_faults_are_found(proof: Any, component: type, right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(proof(planted(component, right, wrong)), Depths(6))
