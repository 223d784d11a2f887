"""The UART: exact bits on the line, every byte received as it was sent, payloads that wait unchanged."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cat, Const, Cover, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from tests.formal.faults import planted
from tests.formal.proof import Proof, assume, before, constant
from tests.formal.run import Depths, check, refuted
from tileloom.fpga.uart import UartReceiver, UartTransmitter

pytestmark = pytest.mark.full  # minutes on a busy machine


DIVISOR = 4
BYTE = 10 * DIVISOR


class TransmitterProof(Proof):
    """The line against start bit, eight data bits from the lowest, stop bit, each of DIVISOR cycles."""

    def __init__(self, kind: Any = UartTransmitter) -> None:
        super().__init__(kind(DIVISOR))

    def properties(self, m: Module, component: Any) -> None:
        sending, cycle, bit, frame = Signal(), Signal(range(DIVISOR)), Signal(range(10)), Signal(10)
        accept = component.i.valid & component.i.ready
        with m.If(accept):
            m.d.sync += [
                sending.eq(1),
                cycle.eq(0),
                bit.eq(0),
                frame.eq(Cat(Const(0, 1), component.i.payload, Const(1, 1))),
            ]
        with m.Elif(sending):
            m.d.sync += cycle.eq(cycle + 1)
            with m.If(cycle == DIVISOR - 1):
                m.d.sync += [cycle.eq(0), bit.eq(bit + 1)]
                with m.If(bit == 9):
                    m.d.sync += sending.eq(0)
        with m.If(sending):
            m.d.comb += Assert(component.line == frame.bit_select(bit, 1))
            m.d.comb += Assert(~accept | ((bit == 9) & (cycle == DIVISOR - 1)))
        with m.Else():
            m.d.comb += [Assert(component.line), Assert(component.i.ready)]
        m.d.comb += Cover(sending & (bit == 9) & (frame[1:9] == 0xA5))


class Loopback(wiring.Component):
    """A transmitter whose line is the receiver's."""

    def __init__(self, receiver: Any = UartReceiver) -> None:
        self.receiver = receiver
        super().__init__({"i": In(stream.Signature(8)), "o": Out(stream.Signature(8))})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.transmitter = transmitter = UartTransmitter(DIVISOR)
        m.submodules.receiver = receiver = self.receiver(DIVISOR)
        wiring.connect(m, wiring.flipped(self.i), transmitter.i)
        wiring.connect(m, receiver.o, wiring.flipped(self.o))
        m.d.comb += receiver.line.eq(transmitter.line)
        return m


class LoopbackProof(Proof):
    """The first byte, sent at any time, arrives as it is and in its time.

    Without a reset: one in the middle of a byte can make the receiver see a byte that nobody sent, as any can that
    begins to listen in the middle of one.
    """

    def __init__(self, receiver: Any = UartReceiver) -> None:
        super().__init__(Loopback(receiver))

    def properties(self, m: Module, component: Any) -> None:
        assume(m, ~self.domain.rst)
        value = constant(m, 8, "value")
        since, sent = Signal(7), Signal()
        with m.If(component.i.valid & component.i.ready):
            m.d.sync += sent.eq(1)
        m.d.sync += since.eq(since + sent)
        m.d.comb += [component.i.payload.eq(value), component.o.ready.eq(0)]
        with m.If(component.o.valid):
            m.d.comb += [Assert(component.o.payload == value), Assert(since > 9 * DIVISOR), Cover(value == 0x5A)]
        m.d.comb += Assert((since < BYTE + 3) | component.o.valid)


class ReceiverStreamProof(Proof):
    """Whatever the line does, a byte that waits does not change."""

    def __init__(self, kind: Any = UartReceiver) -> None:
        super().__init__(kind(DIVISOR))

    def properties(self, m: Module, component: Any) -> None:
        o = component.o
        waits, payload = before(m, o.valid & ~o.ready, "waits"), before(m, o.payload, "payload")
        m.d.comb += Assert(~waits | (o.valid & (o.payload == payload)))
        m.d.comb += Cover(o.valid & (o.payload == 0x0F))


def test_transmitter() -> None:
    check(TransmitterProof(), Depths(BYTE + 4))


def test_loopback() -> None:
    check(LoopbackProof(), Depths(BYTE + 7))


def test_a_byte_waits_unchanged() -> None:
    check(ReceiverStreamProof(), Depths(2 * BYTE + 2, covers=BYTE + 4))


@pytest.mark.parametrize(
    ("proof", "component", "right", "wrong"),
    [
        (TransmitterProof, UartTransmitter, "left.eq(10)", "left.eq(9)"),
        (LoopbackProof, UartReceiver, "shift.eq(shift[1:] | (line << 7))", "shift.eq(shift[1:] | (line << 6))"),
        (LoopbackProof, UartReceiver, "with m.If(bits == 8):", "with m.If(bits == 9):"),
    ],
)
def test_faults_are_found(proof: Any, component: type, right: str, wrong: str) -> None:
    assert "Assert failed" in refuted(proof(planted(component, right, wrong)), Depths(BYTE + 7))
