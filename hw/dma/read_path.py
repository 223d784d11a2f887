"""The read path: the two servers, the map buffer, and the way of every beat to its client."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.dma.axi import BurstOffer, Client, ReadBeat
from tileloom.hw.dma.map_buffer import MapBuffer
from tileloom.hw.dma.read_server import ReadServer
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.isa import Space


class ReadPath(wiring.Component):
    """Grants the clients' offers and brings them their beats, one cycle after each beat's handshake.

    Members
    -------
    program, activations, weights : In(BurstOffer); the program is always read from memory
    program_beat, activation_beat, weight_beat : Out(ReadBeat), each of its client alone
    ar_valid .. ar_length : the AXI read request; r_valid .. r_error : the AXI read data, always taken
    map_strobe, map_beat, map_data : In, a write into the map buffer
    idle : Out(1), no burst is under way
    error : Out(1), the memory answered the beat of the cycle before with an error
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        bits = 8 * target.port_bytes
        super().__init__(
            {
                "program": In(BurstOffer()),
                "activations": In(BurstOffer()),
                "weights": In(BurstOffer()),
                "program_beat": Out(ReadBeat(target)),
                "activation_beat": Out(ReadBeat(target)),
                "weight_beat": Out(ReadBeat(target)),
                "ar_valid": Out(1),
                "ar_ready": In(1),
                "ar_client": Out(2),
                "ar_address": Out(32),
                "ar_length": Out(8),
                "r_valid": In(1),
                "r_client": In(2),
                "r_last": In(1),
                "r_data": In(bits),
                "r_error": In(1),
                "map_strobe": In(target.port_bytes),
                "map_beat": In(range(max(target.map_bytes // target.port_bytes, 2))),
                "map_data": In(bits),
                "idle": Out(1),
                "error": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        clients = [Client.PROGRAM, Client.ACTIVATIONS, Client.WEIGHTS]
        m.submodules.memory = memory = ReadServer(clients, self.target.outstanding)
        from_memory = ReadBeat(self.target).create(path=("from_memory",))
        s1_data = Signal(8 * self.target.port_bytes, reset_less=True)
        m.d.sync += [
            from_memory.valid.eq(self.r_valid),
            from_memory.client.eq(self.r_client),
            from_memory.last.eq(self.r_last),
            s1_data.eq(self.r_data),
            self.error.eq(self.r_valid & self.r_error),
        ]
        m.d.comb += [
            from_memory.data.eq(s1_data),
            memory.retire.eq(from_memory.valid & from_memory.last),
            memory.ready.eq(self.ar_ready),
            self.ar_valid.eq(memory.valid),
            self.ar_client.eq(memory.client),
            self.ar_address.eq(memory.address),
            self.ar_length.eq(memory.length),
        ]
        # Offers and beats of the map buffer; without one there are none.
        from_map = ReadBeat(self.target).create(path=("from_map",))
        map_grants: list[Value | int] = [0, 0]
        map_idle: Value | int = 1
        if self.target.map_bytes:
            map_grants, map_idle = self._add_map(m, from_map)
        m.d.comb += self.idle.eq(memory.idle & map_idle)

        offers = (self.program, self.activations, self.weights)
        for offer, served, mapped in zip(offers, memory.offers, (0, *map_grants), strict=True):
            m.d.comb += [
                served.valid.eq(offer.valid & (offer.space == Space.MEMORY)),
                served.address.eq(offer.address),
                served.length.eq(offer.length),
                offer.granted.eq(served.granted | mapped),
            ]
        beats = (self.program_beat, self.activation_beat, self.weight_beat)
        for client, beat in zip(clients, beats, strict=True):
            mapped = from_map.valid & (from_map.client == client)
            m.d.comb += [
                beat.valid.eq(from_memory.valid & (from_memory.client == client) | mapped),
                beat.last.eq(Mux(mapped, from_map.last, from_memory.last)),
                beat.data.eq(Mux(mapped, from_map.data, from_memory.data)),
            ]
        return m

    def _add_map(self, m: Module, from_map: wiring.PureInterface) -> tuple[list[Value], Value]:
        """The map buffer behind its server; returns its grants and whether it is idle."""
        m.submodules.map_server = server = ReadServer([Client.ACTIVATIONS, Client.WEIGHTS], self.target.outstanding)
        m.submodules.map_buffer = buffer = MapBuffer(self.target)
        wiring.connect(m, buffer.beat, wiring.flipped(from_map))
        m.d.comb += [
            server.ready.eq(1),
            server.retire.eq(from_map.valid & from_map.last),
            buffer.request.eq(server.valid),
            buffer.client.eq(server.client),
            buffer.address.eq(server.address),
            buffer.length.eq(server.length),
            buffer.write_strobe.eq(self.map_strobe),
            buffer.write_address.eq(self.map_beat),
            buffer.write_data.eq(self.map_data),
        ]
        for offer, served in zip((self.activations, self.weights), server.offers, strict=True):
            m.d.comb += [
                served.valid.eq(offer.valid & (offer.space == Space.MAP)),
                served.address.eq(offer.address),
                served.length.eq(offer.length),
            ]
        return [offer.granted for offer in server.offers], server.idle
