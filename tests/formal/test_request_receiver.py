"""The request receiver shows only whole, sane frames with the right CRC, one at a time, until they are taken."""

from typing import Any
from unittest.mock import patch

import pytest
from amaranth.hdl import Assert, Cat, Const, Cover, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tests.formal.crc import crc_step
from tests.formal.faults import planted
from tests.formal.proof import Proof, anything, before, constant
from tests.formal.run import Depths, check, refuted
from tileloom.fpga.protocol import PAYLOAD_BYTES, REQUEST, Operation
from tileloom.fpga.request_receiver import RequestReceiver

pytestmark = pytest.mark.full  # minutes on a busy machine


SILENCE = 16
DEPTHS = Depths(18, covers=19)
FRAME_BYTES = 15
"""A request with one word of payload: mark, 8 bytes of header, payload, CRC."""


class AnyCrc(wiring.Component):
    """Stands in for the CRC of the frame: right or not."""

    def __init__(self) -> None:
        super().__init__({"start": In(1), "valid": In(1), "data": In(8), "crc": Out(16), "match_detected": Out(1)})

    def create(self) -> "AnyCrc":
        """As a CRC's parameters make it."""
        return self

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        anything(m, self.crc)
        return m


class FrameProof(Proof):
    """The last bytes that were taken are kept, and a request that is shown is compared with them."""

    def __init__(self, kind: Any = RequestReceiver) -> None:
        self.patched = patch.dict(kind.__init__.__globals__, CRC16_XMODEM=lambda **_: AnyCrc())
        super().__init__(kind(SILENCE))

    def elaborate(self, platform: object) -> Module:
        with self.patched:
            return super().elaborate(platform)

    def properties(self, m: Module, component: Any) -> None:
        header, byte = component.header, component.i.payload
        taken = Signal(8 * FRAME_BYTES)  # the last byte highest
        with m.If(component.i.valid & component.i.ready & ~component.valid):
            m.d.sync += taken.eq(Cat(taken[8:], byte))
        writes, payload = Signal(), Signal(16)
        m.d.comb += [
            writes.eq((header.operation == Operation.WRITE_MEMORY) | (header.operation == Operation.WRITE_REGISTER)),
            payload.eq(Mux(writes, header.length, 0)),
        ]
        was_valid, was_taken = before(m, component.valid, "valid"), before(m, component.take, "take")
        was_ready = before(m, component.i.ready, "ready", 1)
        shown = before(m, header.as_value(), "header")
        with m.If(component.valid):
            m.d.comb += [
                Assert(header.operation <= Operation.READ_REGISTER),
                Assert(header.length <= PAYLOAD_BYTES),
                Assert((header.length | header.address)[:2] == 0),
                Assert(~was_valid | (header.as_value() == shown)),
                Cover((header.operation == Operation.READ_MEMORY) & (header.length == 8)),
                Cover((header.operation == Operation.WRITE_REGISTER) & was_valid),
            ]
            for words in (0, 1):
                frame = taken[8 * (FRAME_BYTES - 11 - 4 * words) :]
                with m.If(~was_valid & (payload == 4 * words)):
                    m.d.comb += Assert(frame[:8] == REQUEST)
                    m.d.comb += Assert(header.as_value() == frame[8:72])
        m.d.comb += [
            Assert(~(was_valid & ~was_taken) | component.valid),
            Assert(~(was_valid & was_taken) | ~component.valid),
            Assert(component.i.ready | was_ready),
            Assert(~component.store | (writes & ((component.store_index << 2) < header.length) & ~component.valid)),
            Assert(~component.store | (component.store_data == Cat(taken[-24:], byte))),
        ]


class CrcProof(Proof):
    """A read request of any sequence number and address, with any CRC, is shown if the CRC is right, and only then."""

    def __init__(self, kind: Any = RequestReceiver) -> None:
        super().__init__(kind(SILENCE))

    def properties(self, m: Module, component: Any) -> None:
        sequence, address, crc = constant(m, 4, "sequence"), constant(m, 3, "address"), constant(m, 16, "crc")
        header = Cat(Const(Operation.READ_MEMORY, 8), sequence, Const(9, 4), Const(4, 16), Const(8, 29), address)
        right: Value = Const(0, 16)
        for place in range(8):
            right = crc_step(right, header[8 * place : 8 * place + 8])
        frame = Signal(88)
        m.d.comb += frame.eq(Cat(Const(REQUEST, 8), header, crc))
        number, since = Signal(4), Signal(2)
        with m.If(component.i.valid & component.i.ready & (number != 11)):
            m.d.sync += number.eq(number + 1)
        with m.If((number == 11) & (since != 3)):
            m.d.sync += since.eq(since + 1)
        m.d.comb += [component.i.payload.eq(frame.word_select(number, 8)), component.take.eq(0)]
        m.d.comb += Assert(component.valid == ((since != 0) & (crc == right)))
        m.d.comb += [Cover(component.valid & (sequence == 5)), Cover((since == 3) & (sequence == 7) & ~component.valid)]


@pytest.mark.parametrize("proof", [FrameProof, CrcProof])
def test_only_whole_frames(proof: Any) -> None:
    check(proof(), DEPTHS)


@pytest.mark.parametrize(
    ("proof", "right", "wrong"),
    [
        (CrcProof, "with m.If(checksum == crc.crc):", "with m.If(1):"),
        (FrameProof, "with m.If(count == 7):", "with m.If(count == 6):"),
        (FrameProof, "(header.operation <= Operation.READ_REGISTER)", "(header.operation <= 5)"),
        (
            FrameProof,
            "header.eq(Cat(header.as_value()[8:], byte))",
            "header.eq(Cat(header.as_value()[16:], byte, byte))",
        ),
    ],
)
def test_faults_are_found(proof: Any, right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(proof(planted(RequestReceiver, right, wrong)), DEPTHS)
