"""The board's end of the host link: request frames in, memory and register accesses, reply frames out."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from tileloom.fpga.protocol import PAYLOAD_BYTES, Operation
from tileloom.fpga.reply_sender import ReplySender
from tileloom.fpga.request_receiver import RequestReceiver


class WordBus(wiring.Signature):
    """One 32-bit access at a time: ``request`` is held until ``done``; a read's data is valid with ``done``."""

    def __init__(self) -> None:
        super().__init__(
            {
                "request": Out(1),
                "register": Out(1),
                "write": Out(1),
                "address": Out(32),
                "write_data": Out(32),
                "read_data": In(32),
                "done": In(1),
            }
        )


class HostLink(wiring.Component):
    """Executes the frames of :mod:`tileloom.fpga.protocol`, one at a time.

    A frame is executed only when its CRC is right, so that no part of a damaged one takes effect.

    Members
    -------
    i, o : bytes from and to the host
    bus : memory (``register`` 0) and AXI4-Lite registers (1), word by word
    """

    i: In(stream.Signature(8))
    o: Out(stream.Signature(8))
    bus: Out(WordBus())

    def __init__(self, silence_cycles: int) -> None:
        self.receiver = RequestReceiver(silence_cycles)
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receiver = receiver = self.receiver
        m.submodules.sender = sender = ReplySender()
        m.submodules.payload = payload = Memory(shape=32, depth=PAYLOAD_BYTES // 4, init=[])
        write, read = payload.write_port(), payload.read_port()
        connect(m, flipped(self.i), receiver.i)
        connect(m, sender.o, flipped(self.o))

        header = receiver.header
        index = Signal(range(PAYLOAD_BYTES // 4 + 1))
        word = Signal(32, reset_less=True)  # of the payload: memory, register, then the checksum
        m.d.sync += word.eq(read.data)
        last_write = Signal(9)
        reads, writes, repeated, accessing = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            reads.eq((header.operation == Operation.READ_MEMORY) | (header.operation == Operation.READ_REGISTER)),
            writes.eq((header.operation == Operation.WRITE_MEMORY) | (header.operation == Operation.WRITE_REGISTER)),
            repeated.eq(
                (header.operation == Operation.WRITE_REGISTER) & (last_write == Cat(header.sequence, 1)),
            ),
            self.bus.register.eq(
                (header.operation == Operation.READ_REGISTER) | (header.operation == Operation.WRITE_REGISTER)
            ),
            self.bus.write.eq(writes),
            self.bus.address.eq(header.address + (index << 2)),
            self.bus.write_data.eq(read.data),
            write.en.eq(receiver.store | (accessing & self.bus.done & reads)),
            write.addr.eq(Mux(accessing, index, receiver.store_index)),
            write.data.eq(Mux(accessing, self.bus.read_data, receiver.store_data)),
            read.addr.eq(Mux(sender.busy, sender.index, index)),
            read.en.eq(1),
            sender.word.eq(word),
            sender.header.operation.eq(header.operation),
            sender.header.sequence.eq(header.sequence),
            sender.header.length.eq(Mux(reads, header.length, 0)),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += index.eq(0)
                with m.If(receiver.valid):
                    m.next = "REPLY"
                    with m.If((reads | writes) & (header.length != 0) & ~repeated):
                        m.next = "FETCH"
            with m.State("FETCH"):
                m.next = "ACCESS"
            with m.State("ACCESS"):
                m.d.comb += [accessing.eq(1), self.bus.request.eq(1)]
                with m.If(self.bus.done):
                    m.d.sync += index.eq(index + 1)
                    m.next = "FETCH"
                    with m.If(((index + 1) << 2) == header.length):
                        m.next = "REPLY"
            with m.State("REPLY"):
                m.d.comb += sender.start.eq(1)
                with m.If(header.operation == Operation.WRITE_REGISTER):
                    m.d.sync += last_write.eq(Cat(header.sequence, 1))
                m.next = "SENDING"
            with m.State("SENDING"), m.If(~sender.busy):
                m.d.comb += receiver.take.eq(1)
                m.next = "IDLE"
        return m
