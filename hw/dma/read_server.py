"""A read server: grants one burst at a time to its clients, in a fixed order, and holds the request."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.dma.axi import BurstOffer


class ReadServer(wiring.Component):
    """Arbiter and request register of one memory.

    An offer is granted in a cycle in which the register is empty and fewer than ``outstanding`` bursts are under way;
    the first client has the highest priority. The request is valid from the next cycle until ``ready``.

    Parameters
    ----------
    clients : numbers of the clients, in the order of ``offers``
    outstanding : bursts under way (granted, not retired), at most

    Members
    -------
    offers : their ``space`` is not looked at
    retire : In(1), a burst's last beat was taken in the cycle before
    valid, ready, client, address, length : the request
    idle : Out(1), no burst under way
    """

    def __init__(self, clients: list[int], outstanding: int) -> None:
        if outstanding < 1:
            raise ValueError(f"outstanding must be at least 1, not {outstanding!r}")
        self.clients = clients
        self.outstanding = outstanding
        super().__init__(
            {
                "offers": In(BurstOffer()).array(len(clients)),
                "retire": In(1),
                "valid": Out(1),
                "ready": In(1),
                "client": Out(2),
                "address": Out(32),
                "length": Out(8),
                "idle": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        under_way = Signal(range(self.outstanding + 1))
        can_grant, grant = Signal(), Signal()
        client = Signal(2, reset_less=True)
        address, length = Signal(32, reset_less=True), Signal(8, reset_less=True)
        m.d.comb += [
            can_grant.eq(~self.valid & (under_way < self.outstanding)),
            self.idle.eq(under_way == 0),
            self.client.eq(client),
            self.address.eq(address),
            self.length.eq(length),
        ]
        m.d.sync += under_way.eq(under_way + grant - self.retire)
        with m.If(self.ready):
            m.d.sync += self.valid.eq(0)
        before: Signal | int = 0
        for number, offer in zip(self.clients, self.offers, strict=True):
            m.d.comb += offer.granted.eq(can_grant & offer.valid & ~before)
            with m.If(offer.granted):
                m.d.comb += grant.eq(1)
                m.d.sync += [self.valid.eq(1), client.eq(number), address.eq(offer.address), length.eq(offer.length)]
            before = before | offer.valid
        return m
