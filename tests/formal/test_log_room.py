"""A log's counters agree with its four pointers, whose order holds as long as all users keep their promises."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cover, Module, Mux, Signal, signed

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume
from tests.formal.run import Depths, check, refuted
from tileloom.hw.tile.log_room import LogRoom

DEPTHS = Depths(3, covers=6)


class LogProof(Proof):
    """``tail <= base <= head <= reserved <= tail + size`` in any order of claims, arrivals and units.

    The pointers are kept as the distances between them, so that nothing wraps and the proof holds for ever.
    """

    def __init__(self, size: int, kind: Any = LogRoom) -> None:
        self.size = size
        super().__init__(kind(size))

    def properties(self, m: Module, component: Any) -> None:
        use, size = component.use, self.size
        coming, ahead, behind = (Signal(signed(8), name=name) for name in ("coming", "ahead", "behind"))
        claimed, arrived = Mux(use.claim, use.amount, 0), Mux(component.arrive, component.arrived, 0)
        left, released = Mux(use.leave, use.left, 0), Mux(use.release, use.released, 0)
        m.d.sync += [
            coming.eq(coming + claimed - arrived),  # reserved - head
            ahead.eq(ahead + arrived - left),  # head - base
            behind.eq(behind + left - released),  # base - tail
        ]
        # Promises: a claim sees room; only what is reserved arrives; a unit leaves at most what is there and frees
        # nothing that lies behind its base.
        assume(m, ~use.claim | use.room, arrived <= coming, left <= ahead, behind + left - released >= 0)
        held = Signal(signed(10))
        m.d.comb += held.eq(coming + ahead + behind)
        m.d.comb += [
            Assert((coming >= 0) & (ahead >= 0) & (behind >= 0) & (held <= size)),
            Assert(self.register("free") == size - held),
            Assert(self.register("available") == ahead),
            Assert(use.room == (held + use.amount <= size)),
            Assert(use.ready == (ahead >= use.span)),
            Cover((held == size) & (coming == 0) & (ahead == 0)),
            Cover((held == size) & (behind == 0) & (coming == 0)),
            Cover(use.leave & (use.left < 0) & use.release & (use.released != 0)),
        ]


@pytest.mark.parametrize("size", [5, 8, 16])
def test_order_of_the_pointers(size: int) -> None:
    check(LogProof(size), DEPTHS, inductive=True)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("use.room.eq(use.amount <= free)", "use.room.eq(use.amount <= free + 1)"),
        ("use.span <= available", "use.span < available"),
        ("+ Mux(use.release, use.released, 0)", "+ Mux(use.leave, use.released, 0)"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(LogProof(8, planted(LogRoom, right, wrong)), DEPTHS)
