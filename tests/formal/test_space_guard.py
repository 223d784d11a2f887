"""The space guard never lets a client have bursts under way in both spaces."""

from typing import Any

from amaranth.hdl import Assert, Cover, Module, Signal

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume
from tests.formal.run import Depths, check, refuted
from tests.formal.small_target import SMALL
from tileloom.hw.dma.space_guard import SpaceGuard

DEPTHS = Depths(12)


class GuardProof(Proof):
    """The client is granted a burst only while the guard is clear, the server keeps to ``outstanding``."""

    def __init__(self, kind: Any = SpaceGuard) -> None:
        super().__init__(kind(SMALL))

    def properties(self, m: Module, component: Any) -> None:
        counts = [Signal(4, name=f"count{space}") for space in range(2)]
        both = Signal(5)
        m.d.comb += both.eq(counts[0] + counts[1])
        assume(m, ~component.granted | (component.clear & (both < SMALL.outstanding)), ~component.retire | (both != 0))
        for space, count in enumerate(counts):
            m.d.sync += count.eq(
                count + (component.granted & (component.space == space)) - (component.retire & (count != 0))
            )
            with m.If(component.space == space):
                m.d.comb += Assert(component.clear == (counts[1 - space] == 0))
        m.d.comb += [
            Assert((counts[0] == 0) | (counts[1] == 0)),
            Assert(component.idle == (both == 0)),
            Cover((counts[0] == 2) & (component.space == 1)),
            Cover((counts[1] == 1) & component.granted & component.retire),
        ]


def test_one_space_at_a_time() -> None:
    check(GuardProof(), DEPTHS)


def test_fault_is_found() -> None:
    broken = planted(SpaceGuard, "m.d.sync += space.eq(self.space)", "m.d.sync += space.eq(0)")
    assert "Assert failed" in refuted(GuardProof(broken), DEPTHS)
