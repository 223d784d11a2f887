"""A plain UART, 8 data bits, no parity, one stop bit, as two stream components."""

from amaranth import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out


def _check_divisor(divisor: int) -> int:
    if not 4 <= divisor <= 65_535:
        raise ValueError(f"divisor must be from 4 to 65535 clock cycles a bit, not {divisor!r}")
    return divisor


class UartReceiver(wiring.Component):
    """Line to bytes: each bit is sampled in its middle; a byte whose stop bit is low is dropped.

    There is no back-pressure on a line: a byte that ends while the one before it is not taken yet is lost.

    Members
    -------
    line : the pin, idle high, not synchronised
    o : bytes
    """

    line: In(1, init=1)
    o: Out(stream.Signature(8))

    def __init__(self, divisor: int) -> None:
        self.divisor = _check_divisor(divisor)
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        line = Signal(init=1)
        m.submodules.synchroniser = FFSynchronizer(self.line, line, init=1)
        timer = Signal(range(self.divisor + self.divisor // 2))
        bits = Signal(range(10))
        shift = Signal(8, reset_less=True)

        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.FSM():
            with m.State("IDLE"), m.If(~line):
                m.d.sync += [timer.eq(self.divisor + self.divisor // 2 - 1), bits.eq(0)]
                m.next = "BITS"
            with m.State("BITS"):
                m.d.sync += timer.eq(timer - 1)
                with m.If(timer == 0):
                    m.d.sync += [timer.eq(self.divisor - 1), bits.eq(bits + 1)]
                    with m.If(bits == 8):
                        m.next = "STOP"
                        with m.If(line & (~self.o.valid | self.o.ready)):
                            m.d.sync += [self.o.payload.eq(shift), self.o.valid.eq(1)]
                    with m.Else():
                        m.d.sync += shift.eq(shift[1:] | (line << 7))
            with m.State("STOP"), m.If(line):
                m.next = "IDLE"
        return m


class UartTransmitter(wiring.Component):
    """Bytes to line; a byte takes ten bit times.

    Members
    -------
    i : bytes
    line : the pin, idle high, registered
    """

    i: In(stream.Signature(8))
    line: Out(1, init=1)

    def __init__(self, divisor: int) -> None:
        self.divisor = _check_divisor(divisor)
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        timer = Signal(range(self.divisor))
        left = Signal(range(11))
        shift = Signal(9, init=0x1FF)
        m.d.comb += self.i.ready.eq(left == 0)
        with m.If(left == 0):
            m.d.sync += self.line.eq(1)
            with m.If(self.i.valid):
                m.d.sync += [shift.eq(self.i.payload | 0x100), self.line.eq(0), left.eq(10), timer.eq(self.divisor - 1)]
        with m.Elif(timer == 0):
            m.d.sync += [
                timer.eq(self.divisor - 1),
                left.eq(left - 1),
                self.line.eq(shift[0]),
                shift.eq((shift >> 1) | 0x100),
            ]
        with m.Else():
            m.d.sync += timer.eq(timer - 1)
        return m
