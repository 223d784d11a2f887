"""The AXI4 master port, and the burst that a client of the read servers offers."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.config import Target

INCREMENTING = 1
"""Code of the only burst type that is used."""


class AxiMaster(wiring.Signature):
    """AXI4, seen from the master: incrementing bursts of whole beats that never cross a multiple of ``burst_bytes``.

    Reads carry the client in ``arid`` (:class:`Client`); the answers of one client come in order. `rready` and `bready`
    are always 1. Writes have the ID 0, and the beats of a write burst may precede its address.
    """

    def __init__(self, target: Target) -> None:
        bits = 8 * target.port_bytes
        super().__init__(
            {
                "arvalid": Out(1),
                "arready": In(1),
                "arid": Out(2),
                "araddr": Out(32),
                "arlen": Out(8),
                "arsize": Out(3),
                "arburst": Out(2),
                "rvalid": In(1),
                "rready": Out(1),
                "rid": In(2),
                "rdata": In(bits),
                "rresp": In(2),
                "rlast": In(1),
                "awvalid": Out(1),
                "awready": In(1),
                "awid": Out(2),
                "awaddr": Out(32),
                "awlen": Out(8),
                "awsize": Out(3),
                "awburst": Out(2),
                "wvalid": Out(1),
                "wready": In(1),
                "wdata": Out(bits),
                "wstrb": Out(target.port_bytes),
                "wlast": Out(1),
                "bvalid": In(1),
                "bready": Out(1),
                "bid": In(2),
                "bresp": In(2),
            }
        )


class BurstOffer(wiring.Signature):
    """A read burst that a client offers to the server of ``space`` until it is ``granted`` (in the same cycle).

    ``address`` is that of the first beat, in the memory or in the map buffer; ``length`` counts beats less one.
    """

    def __init__(self) -> None:
        super().__init__({"valid": Out(1), "space": Out(1), "address": Out(32), "length": Out(8), "granted": In(1)})


class ReadBeat(wiring.Signature):
    """A beat on its way to its client, one cycle after its handshake: ``client`` as in :class:`Client`."""

    def __init__(self, target: Target) -> None:
        super().__init__({"valid": Out(1), "client": Out(2), "last": Out(1), "data": Out(8 * target.port_bytes)})


class Client:
    """Clients of the read servers, in the order of their priority."""

    PROGRAM = 0
    ACTIVATIONS = 1
    WEIGHTS = 2
