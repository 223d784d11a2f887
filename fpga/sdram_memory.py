"""An SDRAM as the accelerator's memory, with a second door for the host."""

from amaranth import Cat, Module, Mux, Shape, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tileloom.fpga.board_memory import OKAY, SLAVE_ERROR
from tileloom.fpga.link import WordBus
from tileloom.fpga.sdram_chip import SdramChip, SdramCycles
from tileloom.fpga.sdram_controller import RUN_WORDS, Run, SdramController
from tileloom.fpga.sdram_pins import SdramPins
from tileloom.hw.dma.axi import AxiMaster
from tileloom.hw.spec.config import Target

WORD_BYTES = 4


class Tag(data.Struct):
    """What a word that was read is for."""

    id: 2
    host: 1
    outside: 1


class SdramMemory(wiring.Component):
    """An AXI4 slave over :class:`~tileloom.fpga.sdram_controller.SdramController`.

    Reads and writes take turns while both wait, burst by burst; several read bursts may be under way, and a write burst
    is taken up when its first beat is there. The memory moves 2 bytes a cycle: bursts of reads in open rows follow each
    other without a gap. A burst that begins outside the memory answers SLVERR and has no effect; because bursts of
    :class:`AxiMaster` never cross a multiple of their longest size, none runs out of it. ``rready`` must always be 1,
    as AxiMaster holds it. Before the chip has been started (200 us) accesses wait.

    Parameters
    ----------
    clock_hz : of domain ``sync``, which also clocks the chip
    pad_cycles : registers between ``pins`` and the chip's pins, out and in together
    cycles : see the controller

    Members
    -------
    port : the accelerator
    host : words, little-endian; outside the memory writes are dropped and reads give 0
    pins : to the chip
    """

    def __init__(
        self, target: Target, chip: SdramChip, clock_hz: int, pad_cycles: int, cycles: SdramCycles | None = None
    ) -> None:
        self.target = target
        self.chip = chip
        self.size_bytes = chip.size_bytes
        self.controller = SdramController(chip, clock_hz, pad_cycles, Shape.cast(Tag).width, cycles)
        super().__init__({"port": In(AxiMaster(target)), "host": In(WordBus()), "pins": Out(SdramPins(chip.row_bits))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.controller = controller = self.controller
        connect(m, controller.pins, flipped(self.pins))
        self._words = self.target.port_bytes // WORD_BYTES
        self._take_read, self._take_write, self._take_host = Signal(), Signal(), Signal()
        self._writing, self._host_busy = Signal(), Signal()
        self._add_requests(m)
        self._add_writes(m)
        self._add_reads(m)
        self._add_host(m)
        return m

    def _add_requests(self, m: Module) -> None:
        """Choose what goes next into the request register: the host, then reads and writes in turn."""
        port, host = self.port, self.host
        run = Signal(Run(self.chip, self.controller.tag_bits))
        waiting, wrote = Signal(), Signal()
        free = ~waiting | self.controller.request.ready
        may_read = port.arvalid
        may_write = port.awvalid & port.wvalid & ~self._writing & ~(port.bvalid & ~port.bready) & ~self._host_busy
        may_host = host.request & ~host.register & ~host.done & ~self._host_busy & ~self._writing
        m.d.comb += [
            self._take_host.eq(free & may_host),
            self._take_read.eq(free & may_read & ~may_host & (wrote | ~may_write)),
            self._take_write.eq(free & may_write & ~may_host & (~wrote | ~may_read)),
            port.arready.eq(self._take_read),
            port.awready.eq(self._take_write),
            self.controller.request.valid.eq(waiting),
            self.controller.request.payload.eq(run),
        ]
        m.d.sync += waiting.eq(self._take_host | self._take_read | self._take_write | (waiting & ~free))
        tag = Tag(run.tag)
        beat = (self.target.port_bytes - 1).bit_length()
        for take, address, length, write, identity in (
            (self._take_host, host.address[2:] << 2, None, host.write, 0),
            (self._take_read, port.araddr[beat:] << beat, port.arlen, 0, port.arid),
            (self._take_write, port.awaddr[beat:] << beat, port.awlen, 1, 0),
        ):
            with m.If(take):
                m.d.sync += [
                    Value.cast(run.place).eq(address[2:]),
                    run.last.eq(0 if length is None else length * self._words + self._words - 1),
                    run.write.eq(write),
                    tag.id.eq(identity),
                    tag.host.eq(length is None),
                    tag.outside.eq(address >= self.size_bytes),
                ]
        with m.If(self._take_read | self._take_write):
            m.d.sync += wrote.eq(self._take_write)

    def _add_writes(self, m: Module) -> None:
        """Beats, or the host's word, to the controller; words that lie outside are written nowhere."""
        port, host, write = self.port, self.host, self.controller.write
        left = Signal(range(RUN_WORDS))
        word = Signal(range(max(self._words, 2)))
        outside, host_writes = Signal(), Signal()
        strobes = Mux(host_writes, 0xF, port.wstrb.word_select(word, WORD_BYTES))
        m.d.comb += [
            write.valid.eq(host_writes | (self._writing & port.wvalid)),
            write.payload.data.eq(Mux(host_writes, host.write_data, port.wdata.word_select(word, 32))),
            write.payload.strobes.eq(Mux(outside, 0, strobes)),
            port.wready.eq(self._writing & write.ready & (word == self._words - 1)),
        ]
        with m.If(port.bvalid & port.bready):
            m.d.sync += port.bvalid.eq(0)
        with m.If(write.ready & write.valid):
            m.d.sync += [host_writes.eq(0), left.eq(left - 1)]
            with m.If(self._writing):
                m.d.sync += word.eq(Mux(word == self._words - 1, 0, word + 1))
                with m.If(left == 0):
                    m.d.sync += [self._writing.eq(0), port.bvalid.eq(1), port.bresp.eq(Mux(outside, SLAVE_ERROR, OKAY))]
        with m.If(self._take_write):
            m.d.sync += [
                self._writing.eq(1),
                port.bid.eq(port.awid),
                left.eq(port.awlen * self._words + self._words - 1),
                outside.eq(port.awaddr >= self.size_bytes),
            ]
        with m.If(self._take_host & host.write):
            m.d.sync += [host_writes.eq(1), outside.eq(host.address >= self.size_bytes)]
        self._host_written = host_writes & write.ready

    def _add_reads(self, m: Module) -> None:
        """Words to beats; the controller gives a word at most every second cycle."""
        port, read = self.port, self.controller.read
        tag = Tag(read.payload.tag)
        word = Signal(range(max(self._words, 2)))
        taken = read.valid & ~tag.host
        m.d.sync += port.rvalid.eq(taken & (word == self._words - 1))
        with m.If(taken):
            m.d.sync += [
                port.rdata.eq(Cat(port.rdata, read.payload.data)[32:]),
                port.rid.eq(tag.id),
                port.rresp.eq(Mux(tag.outside, SLAVE_ERROR, OKAY)),
                port.rlast.eq(read.payload.last),
                word.eq(Mux(word == self._words - 1, 0, word + 1)),
            ]

    def _add_host(self, m: Module) -> None:
        """One access of the host at a time."""
        host, read = self.host, self.controller.read
        tag = Tag(read.payload.tag)
        arrived = read.valid & tag.host
        m.d.sync += host.done.eq(arrived | self._host_written)
        with m.If(arrived):
            m.d.sync += host.read_data.eq(Mux(tag.outside, 0, read.payload.data))
        with m.If(self._take_host):
            m.d.sync += self._host_busy.eq(1)
        with m.Elif(arrived | self._host_written):
            m.d.sync += self._host_busy.eq(0)
