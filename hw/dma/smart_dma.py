"""The smart DMA: the memory and the map buffer become streams to the tiles, and the tiles' slots go back."""

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.dma.axi import INCREMENTING, AxiMaster
from tileloom.hw.dma.load_addresses import LoadAddresses
from tileloom.hw.dma.loader import Loader
from tileloom.hw.dma.program_fetch import ProgramFetch
from tileloom.hw.dma.read_path import ReadPath
from tileloom.hw.dma.store import StoreAddresses
from tileloom.hw.dma.weight_stream import WeightStream
from tileloom.hw.dma.write_path import WritePath
from tileloom.hw.interfaces import ActivationLine, ConfigurationLine, Reservation, SlotLine, WeightLine
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.registers import Error


class SmartDma(wiring.Component):
    """Program fetch (P), LOAD (A and the loader), WEIGHTS (W), STORE (O), the read servers and the map buffer.

    All control state is cleared by a reset, which must come before ``start`` and only while ``drained``. After an error
    or ``halt`` nothing more is requested, and what is under way ends by itself.

    Members
    -------
    axi : Out(AxiMaster)
    load_addresses, loader, weights, store : In(ConfigurationLine), one for each queue; a LOAD goes to the first two
    activations, activation_space : line A, and the reservation of what it fills
    weight_line, weight_space : line W, and the reservation of what it fills
    slots : Out(SlotLine) of every tile
    start : In(1), the start strobe (cycle 0)
    halt : In(1), from the end or fault of a run to the next reset
    window_base, window_bytes, program_address, program_bytes : In(32), the registers; constant from ``start`` on
    word, word_valid, pop, exhausted : the program's words in order; all of them popped
    loads_idle, loader_idle, weights_idle, stores_idle : Out(1), as BARRIER waits for them
    reading, writing : Out(1), a read burst is under way, a write burst awaits its response
    drained : Out(1), neither
    stored : Out(16), slots stored since start
    error : Out(4), :class:`Error` that occurs in this cycle, 0 for none
    progress : Out(1), a beat or response arrived, a beat was written, or an element was loaded
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__(
            {
                "axi": Out(AxiMaster(target)),
                "load_addresses": In(ConfigurationLine()),
                "loader": In(ConfigurationLine()),
                "weights": In(ConfigurationLine()),
                "store": In(ConfigurationLine()),
                "activations": Out(ActivationLine(target)),
                "activation_space": Out(Reservation(target)),
                "weight_line": Out(WeightLine(target)),
                "weight_space": Out(Reservation(target)),
                "slots": Out(SlotLine(target)).array(target.tiles),
                "start": In(1),
                "halt": In(1),
                "window_base": In(32),
                "window_bytes": In(32),
                "program_address": In(32),
                "program_bytes": In(32),
                "word": Out(32),
                "word_valid": Out(1),
                "pop": In(1),
                "exhausted": Out(1),
                "loads_idle": Out(1),
                "loader_idle": Out(1),
                "weights_idle": Out(1),
                "stores_idle": Out(1),
                "reading": Out(1),
                "writing": Out(1),
                "drained": Out(1),
                "stored": Out(16),
                "error": Out(4),
                "progress": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        target = self.target
        m.submodules.program = program = ProgramFetch(target)
        m.submodules.addresses = addresses = LoadAddresses(target)
        m.submodules.elements = elements = Loader(target)
        m.submodules.weight_stream = weights = WeightStream(target)
        m.submodules.slot_addresses = slots = StoreAddresses(target)
        m.submodules.write_path = writes = WritePath(target)
        m.submodules.read_path = reads = ReadPath(target)

        for line, unit in (
            (self.load_addresses, addresses),
            (self.loader, elements),
            (self.weights, weights),
            (self.store, slots),
        ):
            wiring.connect(m, wiring.flipped(line), unit.configuration)
        wiring.connect(m, elements.line, wiring.flipped(self.activations))
        wiring.connect(m, addresses.reservation, wiring.flipped(self.activation_space))
        wiring.connect(m, weights.line, wiring.flipped(self.weight_line))
        wiring.connect(m, weights.reservation, wiring.flipped(self.weight_space))
        for inner, outer in zip(slots.slots, self.slots, strict=True):
            wiring.connect(m, inner, wiring.flipped(outer))
        for unit in (program, addresses, weights, slots):
            m.d.comb += [unit.window_base.eq(self.window_base), unit.window_bytes.eq(self.window_bytes)]
        for unit in (program, addresses, elements, weights, slots, writes):
            m.d.comb += unit.halt.eq(self.halt)

        for client, offer, beat in (
            (program, reads.program, reads.program_beat),
            (addresses, reads.activations, None),
            (elements, None, reads.activation_beat),
            (weights, reads.weights, reads.weight_beat),
        ):
            if offer is not None:
                wiring.connect(m, client.offer, offer)
            if beat is not None:
                wiring.connect(m, beat, client.beat)
        self._add_axi_reads(m, reads)
        self._add_writes(m, slots, writes, reads)
        m.d.comb += [
            program.start.eq(self.start),
            program.program_address.eq(self.program_address),
            program.program_bytes.eq(self.program_bytes),
            self.word.eq(program.word),
            self.word_valid.eq(program.word_valid),
            program.pop.eq(self.pop),
            self.exhausted.eq(program.exhausted),
            addresses.stored.eq(self.stored),
            addresses.freed.eq(elements.freed),
            elements.chunk_reserved.eq(addresses.chunk_reserved),
            self.loads_idle.eq(addresses.idle),
            self.loader_idle.eq(elements.idle),
            self.weights_idle.eq(weights.idle),
            self.stores_idle.eq(slots.idle & writes.idle),
            addresses.retire.eq(reads.activation_beat.valid & reads.activation_beat.last),
            self.reading.eq(~reads.idle),
            self.writing.eq(~writes.memory_idle),
            self.drained.eq(reads.idle & writes.memory_idle),
            self.stored.eq(writes.stored),
        ]
        # Of errors in one cycle the memory's answer counts first, then A, W, O, P.
        with m.If(reads.error):
            m.d.comb += self.error.eq(Error.READ_ERROR)
        with m.Elif(writes.error):
            m.d.comb += self.error.eq(Error.WRITE_ERROR)
        for unit in (addresses, weights, slots, program):
            with m.Elif(unit.error != 0):
                m.d.comb += self.error.eq(unit.error)
        beat = reads.program_beat.valid | reads.activation_beat.valid | reads.weight_beat.valid
        m.d.sync += self.progress.eq(elements.progress | beat | writes.progress)
        return m

    def _absolute(self, address: Value) -> Value:
        """An address on the bus: a compact machine's window is aligned to its address space."""
        bits = self.target.address_bits
        return Cat(address[:bits], self.window_base[bits:]) if self.target.compact else address

    def _add_axi_reads(self, m: Module, reads: ReadPath) -> None:
        axi = self.axi
        m.d.comb += [
            axi.araddr.eq(self._absolute(reads.ar_address)),
            axi.arvalid.eq(reads.ar_valid),
            reads.ar_ready.eq(axi.arready),
            axi.arid.eq(reads.ar_client),
            axi.arlen.eq(reads.ar_length),
            axi.arsize.eq((self.target.port_bytes - 1).bit_length()),
            axi.arburst.eq(INCREMENTING),
            axi.rready.eq(1),
            reads.r_valid.eq(axi.rvalid),
            reads.r_client.eq(axi.rid),
            reads.r_last.eq(axi.rlast),
            reads.r_data.eq(axi.rdata),
            reads.r_error.eq(axi.rresp[1]),
        ]

    def _add_writes(self, m: Module, slots: StoreAddresses, writes: WritePath, reads: ReadPath) -> None:
        axi = self.axi
        wiring.connect(m, slots.read, writes.read)
        m.d.comb += [
            writes.slot_data.eq(slots.slot_data),
            writes.request.eq(slots.request),
            writes.address.eq(slots.address),
            writes.length.eq(slots.length),
            writes.ends_slot.eq(slots.ends_slot),
            slots.memory_ready.eq(writes.memory_ready),
            slots.map_ready.eq(writes.map_ready),
            slots.read_ready.eq(writes.read_ready),
            reads.map_strobe.eq(writes.map_strobe),
            reads.map_beat.eq(writes.map_beat),
            reads.map_data.eq(writes.map_data),
            axi.awvalid.eq(writes.aw_valid),
            writes.aw_ready.eq(axi.awready),
            axi.awaddr.eq(self._absolute(writes.aw_address)),
            axi.awlen.eq(writes.aw_length),
            axi.awsize.eq((self.target.port_bytes - 1).bit_length()),
            axi.awburst.eq(INCREMENTING),
            axi.wvalid.eq(writes.w_valid),
            writes.w_ready.eq(axi.wready),
            axi.wdata.eq(writes.w_data),
            axi.wstrb.eq(writes.w_strobe),
            axi.wlast.eq(writes.w_last),
            axi.bready.eq(1),
            writes.b_valid.eq(axi.bvalid),
            writes.b_error.eq(axi.bresp[1]),
        ]
