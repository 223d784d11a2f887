"""Bytes from the host to one checked request."""

from amaranth import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.crc.catalog import CRC16_XMODEM
from amaranth.lib.wiring import In, Out

from tileloom.fpga.protocol import PAYLOAD_BYTES, REQUEST, Operation

RequestHeader = data.StructLayout({"operation": 8, "sequence": 8, "length": 16, "address": 32})


class RequestReceiver(wiring.Component):
    """Finds frames, drops damaged and unfinished ones, and shows a whole one until it is taken.

    Bytes that arrive while a request is shown are dropped: the host asks one thing at a time.

    Members
    -------
    i : bytes from the host
    header, valid, take : the request
    store, store_index, store_data : the payload on its way, word by word; meaningless unless the request turns valid
    """

    i: In(stream.Signature(8))
    header: Out(RequestHeader)
    valid: Out(1)
    take: In(1)
    store: Out(1)
    store_index: Out(range(PAYLOAD_BYTES // 4))
    store_data: Out(32)

    def __init__(self, silence_cycles: int) -> None:
        if silence_cycles < 16:
            raise ValueError(f"silence_cycles must be at least 16, not {silence_cycles!r}")
        self.silence_cycles = silence_cycles
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.crc = crc = CRC16_XMODEM(data_width=8).create()
        header = self.header
        count = Signal(range(PAYLOAD_BYTES + 1))
        word = Signal(24, reset_less=True)
        checksum = Signal(16, reset_less=True)
        silence = Signal(range(self.silence_cycles + 1))
        receiving, accept, silent = Signal(), Signal(), Signal()
        byte = self.i.payload

        writes, registers, sane = Signal(), Signal(), Signal()
        m.d.comb += [
            writes.eq((header.operation == Operation.WRITE_MEMORY) | (header.operation == Operation.WRITE_REGISTER)),
            registers.eq(
                (header.operation == Operation.WRITE_REGISTER) | (header.operation == Operation.READ_REGISTER)
            ),
            sane.eq(
                (header.operation <= Operation.READ_REGISTER)
                & (header.length <= PAYLOAD_BYTES)
                & ((header.length[:2] | header.address[:2]) == 0)
                & (~registers | (header.length == 4))
            ),
            accept.eq(self.i.valid & receiving),
            crc.data.eq(byte),
            silent.eq(silence == self.silence_cycles),
            self.store_data.eq(Cat(word, byte)),
            self.store_index.eq(count[2:]),
        ]
        m.d.sync += silence.eq(silence + 1)
        with m.If(~receiving | self.i.valid):
            m.d.sync += silence.eq(0)

        with m.FSM() as fsm:
            with m.State("HUNT"):
                m.d.comb += crc.start.eq(1)
                m.d.sync += count.eq(0)
                with m.If(self.i.valid & (byte == REQUEST)):
                    m.next = "HEADER"
            with m.State("HEADER"):
                m.d.comb += crc.valid.eq(accept)
                with m.If(silent):
                    m.next = "HUNT"
                with m.If(accept):
                    m.d.sync += [header.eq(Cat(header.as_value()[8:], byte)), count.eq(count + 1)]
                    with m.If(count == 7):
                        m.d.sync += count.eq(0)
                        m.next = "CHECK"
            with m.State("CHECK"):
                m.next = "CHECKSUM"
                with m.If(~sane):
                    m.next = "HUNT"
                with m.Elif(writes & (header.length != 0)):
                    m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                with m.If(silent):
                    m.next = "HUNT"
                m.d.comb += [crc.valid.eq(accept), self.store.eq(accept & (count[:2] == 3))]
                with m.If(accept):
                    m.d.sync += [word.eq(Cat(word[8:], byte)), count.eq(count + 1)]
                    with m.If(count + 1 == header.length):
                        m.d.sync += count.eq(0)
                        m.next = "CHECKSUM"
            with m.State("CHECKSUM"):
                with m.If(silent):
                    m.next = "HUNT"
                with m.If(accept):
                    m.d.sync += [checksum.eq(Cat(checksum[8:], byte)), count.eq(count + 1)]
                    with m.If(count == 1):
                        m.next = "VERIFY"
            with m.State("VERIFY"):
                m.next = "HUNT"
                with m.If(checksum == crc.crc):
                    m.next = "VALID"
            with m.State("VALID"):
                m.d.comb += self.valid.eq(1)
                with m.If(self.take):
                    m.next = "HUNT"
            m.d.comb += [
                receiving.eq(fsm.ongoing("HEADER") | fsm.ongoing("PAYLOAD") | fsm.ongoing("CHECKSUM")),
                self.i.ready.eq(~fsm.ongoing("CHECK")),
            ]
        return m
