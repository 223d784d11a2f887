"""A board's gateware: host link, memory and accelerator, without pins and clock."""

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from tileloom.fpga.board_memory import BoardMemory
from tileloom.fpga.link import HostLink
from tileloom.fpga.protocol import SILENCE_BITS
from tileloom.fpga.uart import UartReceiver, UartTransmitter
from tileloom.fpga.word_bridge import WordBridge
from tileloom.hw.accelerator import Accelerator
from tileloom.hw.spec.config import Target


class BoardSystem(wiring.Component):
    """The accelerator of a target with block RAM as its memory, behind a UART.

    Parameters
    ----------
    memory_bytes : size of the memory, which begins at address 0
    divisor : clock cycles of a bit on the line

    Members
    -------
    rx, tx : the UART's pins
    interrupt : done or error, while enabled
    """

    rx: In(1, init=1)
    tx: Out(1, init=1)
    interrupt: Out(1)

    def __init__(self, target: Target, memory_bytes: int, divisor: int) -> None:
        self.accelerator = Accelerator(target)
        self.memory = BoardMemory(target, memory_bytes)
        self.divisor = divisor
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receive = receive = UartReceiver(self.divisor)
        m.submodules.transmit = transmit = UartTransmitter(self.divisor)
        m.submodules.link = link = HostLink(SILENCE_BITS * self.divisor)
        m.submodules.bridge = bridge = WordBridge()
        m.submodules.memory = self.memory
        m.submodules.accelerator = self.accelerator
        connect(m, receive.o, link.i)
        connect(m, link.o, transmit.i)
        connect(m, link.bus, bridge.bus)
        connect(m, bridge.memory, self.memory.host)
        connect(m, bridge.registers, self.accelerator.control)
        connect(m, self.accelerator.memory, self.memory.port)
        m.d.comb += [
            receive.line.eq(self.rx),
            self.tx.eq(transmit.line),
            self.interrupt.eq(self.accelerator.interrupt),
        ]
        return m
