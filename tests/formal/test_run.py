"""The runner itself: what is wrong with a proof is told, and nothing passes that proves nothing."""

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tests.formal.faults import planted
from tests.formal.proof import Proof, constant
from tests.formal.run import Depths, Refuted, Unreached, check, refuted
from tileloom.hw.dma.short_queue import ShortQueue


class Counter(wiring.Component):
    """Counts ``step``, modulo 16."""

    def __init__(self) -> None:
        super().__init__({"step": In(1), "count": Out(4)})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.d.sync += self.count.eq(self.count + self.step)
        return m


class CounterProof(Proof):
    """The count stays below ``bound``, and a constant equal to it can be met."""

    def __init__(self, bound: int, reach: int, *, cover: bool = True, contradiction: bool = False) -> None:
        self.bound, self.reach, self.cover, self.contradiction = bound, reach, cover, contradiction
        super().__init__(Counter())

    def properties(self, m: Module, component: Counter) -> None:
        value = constant(m, 4, "value")
        m.d.comb += Assert(component.count < self.bound)
        if self.contradiction:
            m.d.comb += Assume(component.count == 7)
        if self.cover:
            m.d.comb += Cover((component.count == self.reach) & (value == self.reach))


def test_a_true_assertion_passes() -> None:
    check(CounterProof(6, 5), Depths(6))


def test_a_false_assertion_shows_its_step() -> None:
    with pytest.raises(Refuted, match=r"CounterProof: Assert failed in top: .*test_run.py:\d+") as report:
        check(CounterProof(5, 4), Depths(9))
    assert "component.count = 0x5\n" in str(report.value)
    assert "Assert failed" in refuted(CounterProof(5, 4), Depths(9))


def test_an_unreached_cover_is_told() -> None:
    with pytest.raises(Unreached, match="within 6 cycles"):
        check(CounterProof(6, 6), Depths(6))


def test_a_proof_without_a_cover_is_refused() -> None:
    with pytest.raises(Unreached, match="has no cover"):
        check(CounterProof(6, 5, cover=False), Depths(6))


def test_contradictory_assumptions_prove_nothing() -> None:
    with pytest.raises((Refuted, Unreached)):
        check(CounterProof(3, 7, contradiction=True), Depths(6))


def test_a_true_proof_is_not_refuted() -> None:
    with pytest.raises(AssertionError, match="holds for 6 cycles"):
        refuted(CounterProof(6, 5), Depths(6))


def test_induction_needs_more_than_a_bound() -> None:
    with pytest.raises(Refuted):
        check(CounterProof(12, 5), Depths(6), inductive=True)


def test_a_reset_may_come_in_any_cycle() -> None:
    class ResetProof(CounterProof):
        def properties(self, m: Module, component: Counter) -> None:
            steps, again = Signal(4, reset_less=True), Signal(reset_less=True)
            m.d.sync += steps.eq(steps + component.step)
            m.d.sync += again.eq(again | self.domain.rst)
            m.d.comb += Cover(again & (component.count == 1) & (steps == 4))

    check(ResetProof(16, 0), Depths(8))


def test_a_fault_needs_its_line() -> None:
    with pytest.raises(ValueError, match="0 times"):
        planted(ShortQueue, "no such line", "")
