"""One reply, as bytes to the host."""

from amaranth import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.crc.catalog import CRC16_XMODEM
from amaranth.lib.wiring import In, Out

from tileloom.fpga.protocol import PAYLOAD_BYTES, REPLY

ReplyHeader = data.StructLayout({"operation": 8, "sequence": 8, "length": 16})


class ReplySender(wiring.Component):
    """Sends a frame when ``start`` is high for a cycle; ``header`` holds until ``busy`` falls.

    Members
    -------
    header, start, busy : the reply
    index, word : the payload is read word by word; ``word`` is that of ``index`` two cycles later
    o : bytes to the host
    """

    header: In(ReplyHeader)
    start: In(1)
    busy: Out(1)
    index: Out(range(PAYLOAD_BYTES // 4))
    word: In(32)
    o: Out(stream.Signature(8))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.crc = crc = CRC16_XMODEM(data_width=8).create()
        count = Signal(range(PAYLOAD_BYTES + 1))
        checksum = Signal(16, reset_less=True)
        m.d.comb += [self.index.eq(count[2:]), crc.data.eq(self.o.payload), self.busy.eq(1)]

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [self.busy.eq(0), crc.start.eq(1)]
                m.d.sync += count.eq(0)
                with m.If(self.start):
                    m.next = "MARK"
            with m.State("MARK"):
                m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(REPLY)]
                with m.If(self.o.ready):
                    m.next = "HEADER"
            with m.State("HEADER"):
                m.d.comb += [
                    self.o.valid.eq(1),
                    self.o.payload.eq(self.header.as_value().word_select(count[:2], 8)),
                    crc.valid.eq(self.o.ready),
                ]
                with m.If(self.o.ready):
                    m.d.sync += count.eq(count + 1)
                    with m.If(count == 3):
                        m.d.sync += count.eq(0)
                        m.next = "NEXT"
            with m.State("NEXT"):
                m.next = "WORD"
                with m.If(count == self.header.length):
                    m.d.sync += [checksum.eq(crc.crc), count.eq(0)]
                    m.next = "CHECKSUM"
            with m.State("WORD"):
                m.next = "BYTE"
            with m.State("BYTE"):
                m.d.comb += [
                    self.o.valid.eq(1),
                    self.o.payload.eq(self.word.word_select(count[:2], 8)),
                    crc.valid.eq(self.o.ready),
                ]
                with m.If(self.o.ready):
                    m.d.sync += count.eq(count + 1)
                    m.next = "NEXT"
            with m.State("CHECKSUM"):
                m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(checksum.word_select(count[0], 8))]
                with m.If(self.o.ready):
                    m.d.sync += count.eq(count + 1)
                    with m.If(count == 1):
                        m.next = "IDLE"
        return m
