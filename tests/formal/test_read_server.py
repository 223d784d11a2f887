"""The arbiter of a memory grants one offered burst at a time, by priority, and holds the request until it is taken."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cat, Cover, Module, Signal

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before
from tests.formal.run import Depths, check, refuted
from tileloom.hw.dma.read_server import ReadServer

CLIENTS = [2, 0, 1]
DEPTHS = Depths(12)


class ServerProof(Proof):
    """Offers, readiness and retirements come in any order."""

    def __init__(self, outstanding: int, kind: Any = ReadServer) -> None:
        self.outstanding = outstanding
        super().__init__(kind(CLIENTS, outstanding))

    def properties(self, m: Module, component: Any) -> None:
        offered = Cat(offer.valid for offer in component.offers)
        granted = Signal(len(CLIENTS))
        under_way = Signal(4)
        free = Signal()
        m.d.comb += [
            granted.eq(Cat(offer.granted for offer in component.offers)),
            free.eq(~component.valid & (under_way < self.outstanding)),
        ]
        m.d.sync += under_way.eq(under_way + granted.any() - component.retire)
        assume(m, ~component.retire | (under_way != 0))
        request = Cat(component.client, component.address, component.length)
        was_valid, was_ready = before(m, component.valid, "valid"), before(m, component.ready, "ready")
        m.d.comb += [
            Assert(granted.any() == (free & offered.any())),
            Assert((granted & ~offered) == 0),
            Assert((granted & (granted - 1)) == 0),
            Assert(under_way <= self.outstanding),
            Assert(component.idle == (under_way == 0)),
            # A request comes from a grant, stays as it is while it waits, and is gone after its handshake.
            Assert(component.valid == (before(m, granted.any(), "granted") | (was_valid & ~was_ready))),
            Assert(~(was_valid & component.valid) | (request == before(m, request, "request"))),
            Cover((under_way == self.outstanding) & offered.all() & ~component.valid),
            Cover(granted[2] & (under_way == self.outstanding - 1)),
        ]
        for number, offer in enumerate(component.offers):
            m.d.comb += Assert(~offer.granted | ~offered[:number].any())
            given = before(m, Cat(offer.address, offer.length), f"given{number}")
            with m.If(before(m, offer.granted, f"granted{number}")):
                m.d.comb += Assert(component.client == CLIENTS[number])
                m.d.comb += Assert(Cat(component.address, component.length) == given)


@pytest.mark.parametrize("outstanding", [1, 3])
def test_grants(outstanding: int) -> None:
    check(ServerProof(outstanding), DEPTHS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("can_grant & offer.valid & ~before", "can_grant & offer.valid"),
        ("~self.valid & (under_way < self.outstanding)", "~self.valid & (under_way <= self.outstanding)"),
        ("can_grant.eq(~self.valid & ", "can_grant.eq((~self.valid | self.ready) & "),
        ("before = before | offer.valid", "before = offer.valid"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(ServerProof(2, planted(ReadServer, right, wrong)), DEPTHS)
