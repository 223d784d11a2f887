"""What every client of the read servers keeps to, whatever its descriptors say."""

from typing import Any

from amaranth.hdl import Assert, Cat, Cover, Module, Mux, Signal

from tests.formal.proof import assume, before
from tests.formal.small_target import SMALL
from tileloom.hw.spec.isa import Space


def prove_offers(m: Module, component: Any, retire: Any) -> Signal:
    """Bursts lie in the window or the map buffer, cross no multiple of burst_bytes, and stay until they are granted.

    Grants come when they like, retirements for what is under way, at most ``outstanding``; a client has bursts under
    way in one space only. Returns the beats of the burst that is granted in this cycle, 0 for none.
    """
    offer, port = component.offer, SMALL.port_bytes
    base, size = component.window_base, component.window_bytes
    fixed = before(m, Cat(base, size), "window")
    young = before(m, 1, "running")
    assume(m, ~young | (Cat(base, size) == fixed), base[:12] == 0, (base + size) <= 1 << 32)
    counts = [Signal(3, name=f"under_way{space}") for space in range(2)]
    under_way = Signal(4)
    m.d.comb += under_way.eq(counts[0] + counts[1])
    for space, count in enumerate(counts):
        granted = offer.granted & (offer.space == space)
        m.d.sync += count.eq(count + granted - (retire & (count != 0)))
    assume(m, ~offer.granted | (offer.valid & (under_way < SMALL.outstanding)), ~retire | (under_way != 0))

    beats, end = Signal(9), Signal(33)
    offered = Signal(41)
    m.d.comb += [
        beats.eq(offer.length + 1),
        end.eq(offer.address + beats * port),
        offered.eq(Cat(offer.address, offer.length, offer.space)),
    ]
    waits, was_offered = before(m, offer.valid & ~offer.granted, "waits"), before(m, offered, "offered")
    with m.If(offer.valid):
        m.d.comb += [
            Assert(offer.address % port == 0),
            Assert(offer.address % SMALL.burst_bytes + beats * port <= SMALL.burst_bytes),
            Assert(~component.halt),
            Assert(Mux(offer.space, counts[0], counts[1]) == 0),
        ]
        with m.If(offer.space == Space.MAP):
            m.d.comb += Assert(end <= SMALL.map_bytes)
        with m.Else():
            m.d.comb += [Assert(offer.address >= base), Assert(end <= base + size)]
    m.d.comb += Assert(~waits | component.halt | (offer.valid & (offered == was_offered)))
    reservation = component.reservation
    m.d.comb += [
        Assert((reservation.claim & ~reservation.room) == 0),
        Assert((reservation.claim == 0) | ~component.halt),
        Cover(offer.granted & (beats == 2) & (under_way == 1)),
        Cover(offer.valid & (offer.space == Space.MAP) & (end == SMALL.map_bytes)),
        Cover(component.error != 0),
    ]
    return Mux(offer.granted, beats, 0)
