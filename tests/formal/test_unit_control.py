"""The tile control runs exactly the units of a job, each only when all its conditions hold, and names every cycle."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cover, Module, Mux, Signal, Value

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before
from tests.formal.run import Depths, check, refuted
from tests.formal.small_target import SMALL
from tileloom.hw.spec.registers import Cause
from tileloom.hw.spec.timing import result_latency
from tileloom.hw.tile.unit_control import CONDITIONS, UnitControl

DEPTHS = Depths(12, covers=16)


class ControlProof(Proof):
    """Conditions come and go, units end at any time, jobs wait or do not."""

    def __init__(self, kind: Any = UnitControl) -> None:
        super().__init__(kind(SMALL))

    def properties(self, m: Module, component: Any) -> None:
        descriptor = component.descriptor
        # The fields that nobody here looks at stay 0.
        for name in ("tag", "inner", "outer", "chunked", "to_neighbour", "from_neighbour", "add"):
            m.d.comb += descriptor[name].eq(self.free(descriptor[name].shape(), name))
        inner, outer = Signal(2), Signal(2)
        at_inner, at_outer = Signal(2), Signal(2)
        busy, unit_runs = Signal(), Signal()
        assume(m, descriptor.inner != 0, descriptor.inner <= 3, descriptor.outer != 0, descriptor.outer <= 3)
        assume(m, ~component.unit_end | component.run, ~component.valid | ~component.queue_idle)
        inner_last, outer_last = at_inner + 1 == inner, at_outer + 1 == outer
        with m.If(component.take):
            m.d.sync += [busy.eq(1), inner.eq(descriptor.inner), outer.eq(descriptor.outer)]
            m.d.sync += [at_inner.eq(0), at_outer.eq(0)]
        with m.If(component.start):
            m.d.sync += unit_runs.eq(1)
        with m.If(component.unit_end):
            m.d.sync += [unit_runs.eq(0), at_inner.eq(Mux(inner_last, 0, at_inner + 1))]
            m.d.sync += at_outer.eq(at_outer + inner_last)
            m.d.sync += busy.eq(~(inner_last & outer_last))

        met = Value.cast(1)
        for name, _ in CONDITIONS:
            met &= getattr(component, name)
        since_end = Signal(8, init=255)  # of a unit
        with m.If(component.unit_end):
            m.d.sync += since_end.eq(1)
        with m.Elif(since_end != 255):
            m.d.sync += since_end.eq(since_end + 1)
        kept = before(m, Value.cast(component.job), "job")
        m.d.comb += [
            Assert(component.take == (~busy & component.valid)),
            Assert(component.run == unit_runs),
            Assert(component.check == (busy & ~unit_runs)),
            Assert(component.start == (component.check & met)),
            Assert(component.job_end == (component.unit_end & inner_last & outer_last)),
            Assert(~(busy & before(m, busy, "busy")) | (Value.cast(component.job) == kept)),
            Assert(component.idle == (~busy & component.queue_idle & (since_end >= result_latency(SMALL)))),
            Assert(component.job_start == before(m, component.start & (at_inner == 0) & (at_outer == 0), "first")),
            Assert((component.cause == Cause.RUN) == component.run),
            Assert((component.cause == Cause.JOB) == ~busy),
            Assert((component.cause == Cause.START) == component.start),
            Cover(component.job_end & (inner == 2) & (outer == 2)),
            Cover(component.take & (since_end == 1)),
        ]
        with m.If(busy):
            unit, job = component.unit, component.job
            last = ~job.chunked | inner_last
            m.d.comb += [
                Assert(unit.inner_last == inner_last),
                Assert(unit.stored == (job.chunked & (at_inner != 0))),
                Assert(unit.store == ~last),
                Assert(unit.stores_results == (last & ~job.to_neighbour)),
                Assert(unit.sends == (last & job.to_neighbour)),
            ]
        unmet_before = Value.cast(0)
        for name, cause in CONDITIONS:
            unmet = ~getattr(component, name)
            m.d.comb += Assert((component.cause == cause) == (component.check & unmet & ~unmet_before))
            unmet_before |= unmet


class DrainProof(ControlProof):
    """After its last unit a tile becomes idle, and not before its results are out."""

    def properties(self, m: Module, component: Any) -> None:
        super().properties(m, component)
        ended = Signal()
        with m.If(component.job_end):
            m.d.sync += ended.eq(1)
        m.d.comb += Cover(ended & component.idle)


def test_units_and_causes() -> None:
    check(ControlProof(), DEPTHS)


@pytest.mark.full
def test_a_tile_becomes_idle() -> None:
    check(DrainProof(), Depths(result_latency(SMALL) + 6, seconds=600))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("inner_last & outer_last\n", "inner_last\n"),
        ("for name, cause in reversed(CONDITIONS):", "for name, cause in CONDITIONS:"),
        ("for name, _ in CONDITIONS[1:]:", "for name, _ in CONDITIONS[2:]:"),
        ("with m.Elif(self.unit_end & inner_last):", "with m.Elif(inner_last):"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(ControlProof(planted(UnitControl, right, wrong)), DEPTHS)
