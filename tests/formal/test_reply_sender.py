"""The reply sender sends mark, header, payload and CRC in order, each byte unchanged until it is taken."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cat, Const, Cover, Module, Mux, Signal

from tests.formal.crc import crc_step
from tests.formal.faults import planted
from tests.formal.proof import Proof, before, constant
from tests.formal.run import Depths, check, refuted
from tileloom.fpga.protocol import REPLY
from tileloom.fpga.reply_sender import ReplySender

pytestmark = pytest.mark.full  # minutes on a busy machine


DEPTHS = Depths(22, covers=23)


class ReplyProof(Proof):
    """Replies without payload or with a word; the words come from a memory, two cycles after their index."""

    def __init__(self, kind: Any = ReplySender) -> None:
        super().__init__(kind())

    def properties(self, m: Module, component: Any) -> None:
        o = component.o
        # A few bits that vary in each byte are enough to tell bytes apart, and make CRCs easy to prove.
        header, word = Signal(32), Signal(32)
        some, more = constant(m, 3, "some"), constant(m, 5, "more")
        m.d.comb += header.eq(Cat(some[:2], Const(5, 6), Const(9, 7), some[2], Const(0, 2), more[4]))
        m.d.comb += word.eq(Cat(Const(1, 7), more[:2], Const(0x12, 8), more[2], Const(0x33, 7), more[3], Const(3, 6)))
        index = before(m, before(m, component.index, "index"), "earlier_index")
        sending, number, crc = Signal(), Signal(5), Signal(16)
        length = Signal(16)
        accept = o.valid & o.ready
        m.d.comb += [
            component.header.eq(header),
            length.eq(header[16:]),
            component.word.eq(Mux(index == 0, word, ~word)),
        ]
        with m.If(component.start & ~sending):
            m.d.sync += [sending.eq(1), number.eq(0), crc.eq(0)]
        with m.Elif(accept):
            m.d.sync += number.eq(number + 1)
            with m.If((number != 0) & (number < 5 + length)):
                m.d.sync += crc.eq(crc_step(crc, o.payload))
            with m.If(number == length + 6):
                m.d.sync += sending.eq(0)
        expected = Signal(8)
        with m.If(number == 0):
            m.d.comb += expected.eq(REPLY)
        with m.Elif(number < 5):
            m.d.comb += expected.eq(header.word_select((number - 1)[:2], 8))
        with m.Elif(number < 5 + length):
            m.d.comb += expected.eq(word.word_select((number - 5)[:2], 8))
        with m.Else():
            m.d.comb += expected.eq(crc.word_select((number - 5 - length)[:1], 8))
        waits, payload = before(m, o.valid & ~o.ready, "waits"), before(m, o.payload, "payload")
        m.d.comb += [
            Assert(component.busy == sending),
            Assert(~o.valid | (sending & (o.payload == expected))),
            Assert(~waits | (o.valid & (o.payload == payload))),
            Cover(accept & (number == 10) & (length == 4)),
            Cover(accept & (number == 6) & (length == 0) & (crc != 0)),
        ]


def test_bytes_of_a_reply() -> None:
    check(ReplyProof(), DEPTHS)


@pytest.mark.full
def test_bytes_of_a_reply_for_longer() -> None:
    check(ReplyProof(), Depths(28, seconds=900))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("with m.If(count == 3):", "with m.If(count == 2):"),
        ("m.d.sync += [checksum.eq(crc.crc), count.eq(0)]", "m.d.sync += [checksum.eq(crc.crc), count.eq(1)]"),
        ('with m.If(self.o.ready):\n                    m.next = "HEADER"', 'm.next = "HEADER"'),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(ReplyProof(planted(ReplySender, right, wrong)), DEPTHS)
