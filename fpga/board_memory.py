"""Block RAM as the accelerator's memory, with a second door for the host."""

from amaranth import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In

from tileloom.fpga.link import WordBus
from tileloom.hw.dma.axi import AxiMaster
from tileloom.hw.spec.config import Target

OKAY, SLAVE_ERROR = 0, 2


class BoardMemory(wiring.Component):
    """An AXI4 slave over one block RAM with a read and a write port.

    A read burst's first beat follows its address by three cycles, then one beat a cycle while the master takes them:
    the block RAMs' outputs have a register of their own, and all that reaches the block RAMs comes from registers. One
    read and one write burst at a time. An access that starts outside the memory, or runs out of it, answers SLVERR and
    has no effect there. The host's word accesses wait until the accelerator's channel of the same kind rests.

    Members
    -------
    port : the accelerator
    host : words, little-endian; outside the memory writes are dropped and reads give 0
    """

    def __init__(self, target: Target, size_bytes: int) -> None:
        if size_bytes % target.burst_bytes or size_bytes <= 0:
            raise ValueError(f"size_bytes must be a multiple of {target.burst_bytes}, not {size_bytes!r}")
        self.target = target
        self.size_bytes = size_bytes
        self._read_done = Signal()
        super().__init__({"port": In(AxiMaster(target)), "host": In(WordBus())})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self.target.port_bytes
        shift = (width - 1).bit_length()
        words = width // 4
        rows = self.size_bytes // width
        m.submodules.memory = memory = Memory(shape=8 * width, depth=rows, init=[])
        read, write = memory.read_port(), memory.write_port(granularity=8)
        self._reads(m, read, shift, rows, words)
        self._writes(m, write, shift, rows, words)
        return m

    def _reads(self, m: Module, read: wiring.PureInterface, shift: int, rows: int, words: int) -> None:
        port, host = self.port, self.host
        address = Signal(32, reset_less=True)
        left = Signal(9)
        advance, outside, host_word = Signal(), Signal(), Signal(range(max(words, 2)))
        s1_valid, s1_last, s1_outside = Signal(), Signal(reset_less=True), Signal(reset_less=True)
        number = Signal.like(port.rid, reset_less=True)  # of the burst whose beats are read
        s2_data = Signal.like(read.data, reset_less=True)
        m.d.comb += [
            advance.eq(~port.rvalid | port.rready),
            port.arready.eq((left == 0) & advance),
            read.en.eq(advance),
            read.addr.eq(address),
            port.rdata.eq(s2_data),
            port.rresp.eq(Mux(outside, SLAVE_ERROR, OKAY)),
        ]
        with m.If(port.arvalid & port.arready):
            m.d.sync += [address.eq(port.araddr >> shift), left.eq(port.arlen + 1), number.eq(port.arid)]
        with m.If((left != 0) & advance):
            m.d.sync += [
                address.eq(address + 1),
                left.eq(left - 1),
                s1_last.eq(left == 1),
                s1_outside.eq(address >= rows),
            ]
        with m.If((left == 0) & ~(port.arvalid & port.arready)):
            m.d.sync += address.eq(host.address >> shift)
        with m.If(advance):
            m.d.sync += [s1_valid.eq(left != 0), port.rvalid.eq(s1_valid)]
            m.d.sync += [s2_data.eq(read.data), port.rlast.eq(s1_last), outside.eq(s1_outside)]
            m.d.sync += port.rid.eq(number)

        words_read = Array(s2_data.word_select(i, 32) for i in range(words))
        presented, read_out, fetched, inside = Signal(), Signal(), Signal(), Signal()
        wanted = host.request & ~host.register & ~host.write & ~host.done
        m.d.sync += [
            presented.eq(
                wanted & (left == 0) & ~port.arvalid & ~s1_valid & ~port.rvalid & ~(presented | read_out | fetched)
            ),
            read_out.eq(presented),
            fetched.eq(read_out),
            host_word.eq(host.address[2:shift] if words > 1 else Const(0)),
            inside.eq((host.address >> shift) < rows),
            self._read_done.eq(fetched),
        ]
        with m.If(fetched):
            m.d.sync += host.read_data.eq(Mux(inside, words_read[host_word], 0))

    def _writes(self, m: Module, write: wiring.PureInterface, shift: int, rows: int, words: int) -> None:
        port, host = self.port, self.host
        address = Signal(32, reset_less=True)
        busy, failed, written = Signal(), Signal(), Signal()
        inside = Signal()
        idle = ~busy & ~port.bvalid
        wanted = host.request & ~host.register & host.write & ~host.done & ~written
        use_host = Signal()
        m.d.comb += [
            use_host.eq(wanted & idle & ~port.awvalid),
            port.awready.eq(idle),
            port.wready.eq(busy),
            inside.eq(address < rows),
            port.bresp.eq(Mux(failed, SLAVE_ERROR, OKAY)),
        ]
        # A beat is in place two cycles after its handshake; who waits for the response reads it later than that.
        enable = Signal.like(write.en)
        m.d.comb += write.en.eq(enable)
        m.d.sync += [
            write.addr.eq(Mux(busy, address, host.address >> shift)),
            write.data.eq(Mux(busy, port.wdata, host.write_data.replicate(words))),
            enable.eq(0),
        ]
        lane = host.address[2:shift] if words > 1 else Const(0, 1)
        strobes = Cat((lane == i).replicate(4) for i in range(words))
        with m.If(busy):
            m.d.sync += enable.eq(Mux(port.wvalid & inside, port.wstrb, 0))
        with m.Elif(use_host & ((host.address >> shift) < rows)):
            m.d.sync += enable.eq(strobes)
        m.d.sync += written.eq(use_host)

        with m.If(port.awvalid & port.awready):
            m.d.sync += [address.eq(port.awaddr >> shift), busy.eq(1), port.bid.eq(port.awid), failed.eq(0)]
        with m.If(busy & port.wvalid):
            m.d.sync += [address.eq(address + 1), failed.eq(failed | ~inside)]
            with m.If(port.wlast):
                m.d.sync += [busy.eq(0), port.bvalid.eq(1)]
        with m.If(port.bvalid & port.bready):
            m.d.sync += port.bvalid.eq(0)
        m.d.comb += host.done.eq(self._read_done | written)
