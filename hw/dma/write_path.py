"""The write path: beats from slot reads, the write request register, responses, and the count of stored slots."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.dma.short_queue import ShortQueue
from tileloom.hw.spec import timing
from tileloom.hw.spec.config import Target


class SlotRead(wiring.Signature):
    """A slot read of this cycle, whose data follows two cycles later.

    The beat's bytes ``first_byte`` .. ``last_byte`` are written; ``last`` ends its burst, ``ends_slot`` its slot.
    ``map_beat`` is its address in the map buffer, in beats.
    """

    def __init__(self, target: Target) -> None:
        place = range(target.port_bytes)
        super().__init__(
            {
                "valid": Out(1),
                "first_byte": Out(place),
                "last_byte": Out(place),
                "last": Out(1),
                "ends_slot": Out(1),
                "to_map": Out(1),
                "map_beat": Out(range(max(target.map_bytes // target.port_bytes, 2))),
            }
        )


class WritePath(wiring.Component):
    """Beats to the memory wait in a queue of WRITE_FIFO; beats to the map buffer pass it without waiting.

    A beat is valid from its read + WRITE_LATENCY on. While ``halt``, reads become beats without strobes.

    Members
    -------
    halt : In(1)
    request : In(1), a burst for the memory with ``address``, ``length`` (beats less one), ``ends_slot``
    read : In(SlotRead); slot_data : In, of the read two cycles before
    memory_ready, map_ready, read_ready : Out(1), whether a burst for the memory, a burst for the map buffer, a read for
        the memory may begin in this cycle
    aw_valid .. b_error : the AXI write channels
    map_strobe, map_beat, map_data : Out, a write into the map buffer
    stored : Out(16), slots stored since start
    memory_idle : Out(1), no write burst awaits its response
    idle : Out(1), likewise, and all slots stored to the map buffer are counted
    error : Out(1), the response of the cycle before was an error
    progress : Out(1), a beat is written in this cycle, or a response came in the cycle before
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        bits = 8 * target.port_bytes
        super().__init__(
            {
                "halt": In(1),
                "request": In(1),
                "address": In(32),
                "length": In(8),
                "ends_slot": In(1),
                "read": In(SlotRead(target)),
                "slot_data": In(bits),
                "memory_ready": Out(1),
                "map_ready": Out(1),
                "read_ready": Out(1),
                "aw_valid": Out(1),
                "aw_ready": In(1),
                "aw_address": Out(32),
                "aw_length": Out(8),
                "w_valid": Out(1),
                "w_ready": In(1),
                "w_data": Out(bits),
                "w_strobe": Out(target.port_bytes),
                "w_last": Out(1),
                "b_valid": In(1),
                "b_error": In(1),
                "map_strobe": Out(target.port_bytes),
                "map_beat": Out(range(max(target.map_bytes // target.port_bytes, 2))),
                "map_data": Out(bits),
                "stored": Out(16),
                "idle": Out(1),
                "memory_idle": Out(1),
                "error": Out(1),
                "progress": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        written = Signal()  # a beat's handshake with the memory
        self._add_requests(m, written)
        self._add_beats(m, written)
        return m

    def _add_requests(self, m: Module, written: Signal) -> None:
        """The request register, the bursts that await their response, and what is stored with them."""
        outstanding = self.target.outstanding
        m.submodules.ends_slot = ends_slot = ShortQueue(1, outstanding)
        awaited = Signal(range(outstanding + 1))
        address, length = Signal(32, reset_less=True), Signal(8, reset_less=True)
        with m.If(self.request):
            m.d.sync += [self.aw_valid.eq(1), address.eq(self.address), length.eq(self.length)]
        with m.Elif(self.aw_ready):
            m.d.sync += self.aw_valid.eq(0)

        # WRITE_RETIRE and MAP_STORE_LATENCY: the counters show a response two cycles, a read to the map five later.
        answered, stored_in_memory = Signal(), Signal()
        stored_in_map = Signal(timing.MAP_STORE_LATENCY - 1)
        m.d.sync += [
            answered.eq(self.b_valid),
            self.error.eq(self.b_valid & self.b_error),
            stored_in_memory.eq(self.b_valid & ends_slot.o),
            stored_in_map.eq(Cat(self.read.valid & self.read.to_map & self.read.ends_slot, stored_in_map)),
            awaited.eq(awaited + self.request - answered),
            self.stored.eq(self.stored + stored_in_memory + stored_in_map[-1]),
        ]
        m.d.comb += [
            ends_slot.push.eq(self.request),
            ends_slot.i.eq(self.ends_slot),
            ends_slot.pop.eq(self.b_valid),
            self.aw_address.eq(address),
            self.aw_length.eq(length),
            self.memory_ready.eq(~self.aw_valid & (awaited < outstanding)),
            self.map_ready.eq(awaited == 0),
            self.memory_idle.eq(awaited == 0),
            self.idle.eq(self.memory_idle & (stored_in_map == 0)),
            self.progress.eq(answered | written),
        ]

    def _add_beats(self, m: Module, written: Signal) -> None:
        port_bytes = self.target.port_bytes
        read = data.StructLayout({name: member.shape for name, member in self.read.signature.members.items()})
        s0, s1, s2 = (Signal(read, name=f"s{n}", reset_less=True) for n in range(3))
        s1_valid, s2_valid = Signal(), Signal()
        m.d.comb += [s0[name].eq(getattr(self.read, name)) for name in read.members]
        m.d.sync += [s1.eq(s0), s2.eq(s1), s1_valid.eq(self.read.valid), s2_valid.eq(s1_valid)]

        beat = data.StructLayout(
            {"data": 8 * port_bytes, "strobe": port_bytes, "last": 1, "to_map": 1, "map_beat": self.map_beat.shape()}
        )
        m.submodules.beats = beats = ShortQueue(beat, timing.WRITE_FIFO)
        strobe = Cat((s2.first_byte <= i) & (s2.last_byte >= i) for i in range(port_bytes))
        unwritten = Signal(range(timing.WRITE_FIFO + 1))  # reads for the memory without their handshake
        m.d.comb += [
            beats.push.eq(s2_valid),
            beats.i.data.eq(self.slot_data),
            beats.i.strobe.eq(Mux(self.halt, 0, strobe)),
            beats.i.last.eq(s2.last),
            beats.i.to_map.eq(s2.to_map),
            beats.i.map_beat.eq(s2.map_beat),
            self.w_valid.eq(beats.valid & ~beats.o.to_map),
            self.w_data.eq(beats.o.data),
            self.w_strobe.eq(beats.o.strobe),
            self.w_last.eq(beats.o.last),
            written.eq(self.w_valid & self.w_ready),
            beats.pop.eq(beats.valid & (self.w_ready | beats.o.to_map)),
            self.map_strobe.eq(Mux(beats.valid & beats.o.to_map, beats.o.strobe, 0)),
            self.map_beat.eq(beats.o.map_beat),
            self.map_data.eq(beats.o.data),
            self.read_ready.eq(unwritten < timing.WRITE_FIFO),
        ]
        m.d.sync += unwritten.eq(unwritten + (self.read.valid & ~self.read.to_map) - written)
