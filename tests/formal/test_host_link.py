"""The host link accesses the bus once for every word of a request, holds each access, then sends one reply."""

from typing import Any
from unittest.mock import patch

import pytest
from amaranth.hdl import Assert, Cat, Cover, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from tests.formal.faults import planted
from tests.formal.proof import Proof, anything, assume, before, constant
from tests.formal.run import Depths, check, refuted
from tileloom.fpga.link import HostLink
from tileloom.fpga.protocol import Operation
from tileloom.fpga.reply_sender import ReplyHeader
from tileloom.fpga.request_receiver import RequestHeader

pytestmark = pytest.mark.full  # minutes on a busy machine


DEPTHS = Depths(15)


class AnyRequest(wiring.Component):
    """Stands in for the request receiver: shows any requests; the proof says which."""

    def __init__(self) -> None:
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "header": Out(RequestHeader),
                "valid": Out(1),
                "take": In(1),
                "store": Out(1),
                "store_index": Out(6),
                "store_data": Out(32),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.d.comb += self.i.ready.eq(1)
        for signal in (self.header.as_value(), self.valid, self.store, self.store_index, self.store_data):
            anything(m, signal)
        return m


class AnyReply(wiring.Component):
    """Stands in for the reply sender: busy from its start on, for any time."""

    def __init__(self) -> None:
        super().__init__(
            {
                "header": In(ReplyHeader),
                "start": In(1),
                "busy": Out(1),
                "index": Out(6),
                "word": In(32),
                "o": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        ends = Signal()
        anything(m, ends)
        with m.If(self.start | ends):
            m.d.sync += self.busy.eq(self.start)
        m.d.comb += self.o.valid.eq(self.busy)
        return m


class LinkProof(Proof):
    """Requests of at most two words; the bus answers when it likes."""

    def __init__(self, kind: Any = HostLink) -> None:
        stand_ins = {"RequestReceiver": lambda _: AnyRequest(), "ReplySender": AnyReply}
        self.patched = patch.dict(kind.__init__.__globals__, stand_ins)
        with self.patched:
            super().__init__(kind(16))

    def elaborate(self, platform: object) -> Module:
        with self.patched:
            return super().elaborate(platform)

    def properties(self, m: Module, component: Any) -> None:
        bus, receiver = component.bus, component.receiver
        header = receiver.header
        # What the receiver is proven to do.
        shown = before(m, header.as_value(), "header")
        was_valid, was_taken = before(m, receiver.valid, "valid"), before(m, receiver.take, "take")
        assume(
            m, ~was_valid | was_taken | (receiver.valid & (header.as_value() == shown)), ~was_taken | ~receiver.valid
        )
        assume(m, header.operation <= Operation.READ_REGISTER, header.length <= 8, header.length[:2] == 0)
        register = (header.operation == Operation.READ_REGISTER) | (header.operation == Operation.WRITE_REGISTER)
        write = (header.operation == Operation.WRITE_MEMORY) | (header.operation == Operation.WRITE_REGISTER)
        assume(m, ~register | (header.length == 4), ~(receiver.valid & receiver.store), ~bus.done | bus.request)

        accesses = Signal(3)  # of this request
        with m.If(receiver.take):
            m.d.sync += accesses.eq(0)
        with m.Elif(bus.done):
            m.d.sync += accesses.eq(accesses + 1)
        last_write, repeats = Signal(9), Signal()  # sequence number of the last register write, if any
        m.d.comb += repeats.eq((header.operation == Operation.WRITE_REGISTER) & (last_write == Cat(header.sequence, 1)))
        with m.If(receiver.take & (header.operation == Operation.WRITE_REGISTER)):
            m.d.sync += last_write.eq(Cat(header.sequence, 1))
        # One bit of one word is followed from the receiver to the bus.
        index, value, stored = constant(m, 1, "index"), constant(m, 1, "value"), Signal()
        stores = receiver.store & (receiver.store_index == index)
        assume(m, receiver.store_index <= 1)
        assume(m, ~stores | (receiver.store_data[0] == value), ~bus.done | (bus.read_data[0] == value))
        with m.If(stores):
            m.d.sync += stored.eq(1)
        with m.If(bus.request & write & stored & (accesses == index)):
            m.d.comb += [Assert(bus.write_data[0] == value), Cover(index == 1)]
        fields = Signal(66)
        m.d.comb += fields.eq(Cat(bus.register, bus.write, bus.address, bus.write_data))
        waits, held = before(m, bus.request & ~bus.done, "waits"), before(m, fields, "fields")
        with m.If(bus.request):
            m.d.comb += [
                Assert(receiver.valid & (header.operation != Operation.PING) & ~repeats),
                Assert((bus.register == register) & (bus.write == write)),
                Assert(bus.address == (header.address + (accesses << 2))[:32]),
                Assert((accesses << 2) < header.length),
            ]
        with m.If(component.o.valid & (header.operation != Operation.PING) & ~repeats):
            m.d.comb += Assert((accesses << 2) == header.length)
        m.d.comb += [
            Assert(~waits | (bus.request & (fields == held))),
            Assert(~component.o.valid | receiver.valid),
            Assert(~receiver.take | receiver.valid),
            Cover(bus.done & (accesses == 1) & write),
            Cover(receiver.take & (header.operation == Operation.WRITE_REGISTER)),
        ]


SMALL_PAYLOAD = (
    "from tileloom.fpga.protocol import PAYLOAD_BYTES, Operation",
    "from tileloom.fpga.protocol import Operation\nPAYLOAD_BYTES = 8",
)
"""The same link with a payload memory of two words."""


def test_accesses() -> None:
    check(LinkProof(planted(HostLink, *SMALL_PAYLOAD)), DEPTHS)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("& (header.length != 0) & ~repeated", "& (header.length != 0)"),
        ("with m.If(((index + 1) << 2) == header.length):", "with m.If((index << 2) == header.length):"),
        ("self.bus.address.eq(header.address + (index << 2))", "self.bus.address.eq(header.address + index)"),
        ("read.addr.eq(Mux(sender.busy, sender.index, index))", "read.addr.eq(index[1:])"),
        ("with m.If(header.operation == Operation.WRITE_REGISTER):", "with m.If(writes):"),
    ],
)
def test_faults_are_found(right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(LinkProof(planted(HostLink, right, wrong)), DEPTHS)
