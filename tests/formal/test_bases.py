"""The bases move by the amounts of each unit, round their rings, whatever the jobs do between units."""

from types import SimpleNamespace
from typing import Any

import pytest
from amaranth.hdl import Assert, Cat, Cover, Module, Mux, Signal, signed

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before
from tests.formal.run import Depths, check, refuted
from tileloom.hw.tile.bases import Bases

pytestmark = pytest.mark.full  # minutes on a busy machine


DEPTHS = Depths(8, covers=9)
TARGET = SimpleNamespace(window_bytes=16, weight_words=5, compact=False)
WINDOW = ("window_inner", "window_outer", "window_free_inner", "window_free_outer")
WEIGHTS = ("weights_inner", "weights_outer", "weights_free_inner", "weights_free_outer")


class BasesProof(Proof):
    """Against sums modulo the sizes of the rings; units are as close to each other as the shortest one allows."""

    def __init__(self, kind: Any = Bases) -> None:
        super().__init__(kind(TARGET))

    def properties(self, m: Module, component: Any) -> None:
        depth = TARGET.weight_words
        fields = {}
        for name in WINDOW + WEIGHTS:
            shape = component.job[name].shape()
            fields[name] = self.free(signed(6) if shape.signed else 5, name)
            m.d.comb += component.job[name].eq(fields[name])
        for name in ("weights_inner", "weights_outer"):
            assume(m, fields[name] <= depth, fields[name] >= -depth)
        # The job and whether the unit is the last one hold from two cycles before a unit's end on; no unit is shorter.
        kind = Signal(64)
        m.d.comb += kind.eq(Cat(component.inner_last, *fields.values()))
        same = before(m, kind, "kind") == kind
        was_same = before(m, same, "same")
        ended = before(m, component.unit_end, "unit_end")
        young = Signal(2)  # cycles since the reset, up to 2
        m.d.sync += young.eq(Mux(young == 2, 2, young + 1))
        assume(m, ~component.unit_end | (same & was_same & (young == 2)))
        assume(m, ~component.unit_end | ~(ended | before(m, ended, "ended")))

        window, weights = Signal(4), Signal(range(depth))
        last = component.inner_last
        left = Signal(signed(10))
        moved = Signal(signed(10))
        turned = [Signal(range(5 * depth), name=f"turned{n}") for n in range(2)]
        m.d.comb += [
            left.eq(fields["window_inner"] + Mux(last, fields["window_outer"], 0)),
            moved.eq(fields["weights_inner"] + Mux(last, fields["weights_outer"], 0)),
            turned[0].eq(weights + moved + 2 * depth),
            turned[1].eq(Mux(turned[0] >= 3 * depth, turned[0] - 3 * depth, turned[0])),
        ]
        rounded = Mux(
            turned[1] >= 2 * depth, turned[1] - 2 * depth, Mux(turned[1] >= depth, turned[1] - depth, turned[1])
        )
        with m.If(component.unit_end):
            m.d.sync += [window.eq(window + left), weights.eq(rounded)]
            free = fields["window_free_inner"] + Mux(last, fields["window_free_outer"], 0)
            words = fields["weights_free_inner"] + Mux(last, fields["weights_free_outer"], 0)
            m.d.comb += [
                Assert(component.window_left == left),
                Assert(component.weights_left == moved),
                Assert(component.window_released == free),
                Assert(component.weights_released == words),
            ]
        m.d.comb += [
            Assert(component.window == window),
            Assert(component.weights == weights),
            Cover(component.unit_end & (window == 9) & (weights == 4) & (moved < 0)),
            Cover(component.unit_end & last & (weights == 3) & (moved == 2 * depth)),
        ]


def test_bases_go_round_their_rings() -> None:
    check(BasesProof(), DEPTHS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Mux(self.inner_last, after_outer, after_inner)", "Mux(self.inner_last, after_inner, after_outer)"),
        ("m.d.sync += port.eq(inner + Mux(self.inner_last, outer, 0))", "m.d.sync += port.eq(inner)"),
        ("(self.window_released, job.window_free_inner", "(self.window_released, job.window_inner"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(BasesProof(planted(Bases, right, wrong)), DEPTHS)
