"""The short queue neither loses nor invents items, keeps their order, and tells truly whether it has any."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cover, Module, Signal

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, constant
from tests.formal.run import Depths, check, refuted
from tileloom.hw.dma.short_queue import ShortQueue

DEPTHS = Depths(14)


class QueueProof(Proof):
    """Any one item, of one bit, is followed from its push to its pop."""

    def __init__(self, depth: int, kind: Any = ShortQueue) -> None:
        self.depth = depth
        super().__init__(kind(1, depth))

    def properties(self, m: Module, component: Any) -> None:
        pushed, popped = Signal(5), Signal(5)
        number, item = constant(m, 5, "number"), constant(m, 1, "item")
        level = Signal(5)
        m.d.comb += level.eq(pushed - popped)
        m.d.sync += [pushed.eq(pushed + component.push), popped.eq(popped + component.pop)]
        # The caller pushes where there is room, or in the cycle of a pop, and pops what there is.
        assume(m, ~component.push | (level < self.depth) | component.pop, ~component.pop | component.valid)
        assume(m, ~component.push | (pushed != number) | (component.i == item))
        m.d.comb += [
            Assert(component.valid == (level != 0)),
            Assert(level <= self.depth),
            Cover((level == self.depth) & component.push & component.pop),
            Cover((popped == self.depth + 1) & (level == 0)),
        ]
        with m.If(component.valid & (popped == number)):
            m.d.comb += Assert(component.o == item)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_order_and_level(depth: int) -> None:
    check(QueueProof(depth), DEPTHS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("full[n].eq(behind | (full[n] & self.push))", "full[n].eq(behind)"),
        ("m.d.sync += items[n].eq(self.i)", "m.d.sync += items[n].eq(items[n])"),
        ("with m.Elif(self.push & before & ~full[n]):", "with m.Elif(self.push & ~full[n]):"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    report = refuted(QueueProof(2, planted(ShortQueue, right, wrong)), DEPTHS)
    assert "Assert failed" in report and "component.full0 = " in report, report
