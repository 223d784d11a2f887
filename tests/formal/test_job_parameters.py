"""Fields of jobs reach a later stage in the order of the jobs, and stay until the next job's are fetched."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cover, Module, Signal, Value

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, constant
from tests.formal.run import Depths, check, refuted
from tileloom.hw.tile.job_parameters import JobParameters

DEPTHS = Depths(11)
DEPTH = 4
FOUR_JOBS = ("DEPTH = 16\n", f"DEPTH = {DEPTH}\n")
"""The same queue, so short that a bounded proof goes round it."""


class ParametersProof(Proof):
    """Any one job is followed."""

    def __init__(self, kind: Any) -> None:
        super().__init__(kind("last_valid"))

    def properties(self, m: Module, component: Any) -> None:
        pushed, fetched = Signal(4), Signal(4)
        number, value = constant(m, 4, "number"), constant(m, 2, "value")
        m.d.sync += [pushed.eq(pushed + component.push), fetched.eq(fetched + component.fetch)]
        assume(m, ~component.fetch | (fetched != pushed), ~component.push | (pushed - fetched < DEPTH))
        assume(m, ~component.push | (pushed != number) | (component.values[:2] == value), component.values[2:] == 0)
        with m.If((fetched != 0) & (fetched - 1 == number)):
            m.d.comb += Assert(Value.cast(component.fields) == value)
            m.d.comb += [Cover((pushed == DEPTH + 2) & (number == DEPTH)), Cover(pushed - fetched == DEPTH)]


def test_order_of_jobs() -> None:
    check(ParametersProof(planted(JobParameters, *FOUR_JOBS)), DEPTHS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (
            "head.eq(head + self.push), tail.eq(tail + self.fetch)",
            "head.eq(head + self.push), tail.eq(tail + self.push)",
        ),
        ("read.en.eq(self.fetch)", "read.en.eq(1)"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(ParametersProof(planted(JobParameters, right, wrong)), DEPTHS)
