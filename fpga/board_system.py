"""A board's gateware behind a UART, without pins and clock."""

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tileloom.fpga.board_core import BoardCore, pins_of
from tileloom.fpga.protocol import SILENCE_BITS
from tileloom.fpga.uart import UartReceiver, UartTransmitter
from tileloom.hw.spec.config import Target


class BoardSystem(wiring.Component):
    """:class:`~tileloom.fpga.board_core.BoardCore` on a serial line.

    Parameters
    ----------
    memory : as of the core
    divisor : clock cycles of a bit on the line

    Members
    -------
    rx, tx : the UART's pins
    interrupt : done or error, while enabled
    pins : the memory's, if it has any
    """

    def __init__(self, target: Target, memory: wiring.Component, divisor: int) -> None:
        self.core = BoardCore(target, memory, SILENCE_BITS * divisor)
        self.divisor = divisor
        members = {"rx": In(1, init=1), "tx": Out(1, init=1), "interrupt": Out(1)}
        super().__init__(members | pins_of(self.core))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receive = receive = UartReceiver(self.divisor)
        m.submodules.transmit = transmit = UartTransmitter(self.divisor)
        m.submodules.core = self.core
        connect(m, receive.o, self.core.i)
        connect(m, self.core.o, transmit.i)
        if pins_of(self.core):
            connect(m, self.core.pins, flipped(self.pins))
        m.d.comb += [
            receive.line.eq(self.rx),
            self.tx.eq(transmit.line),
            self.interrupt.eq(self.core.interrupt),
        ]
        return m
