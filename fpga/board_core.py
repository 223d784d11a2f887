"""What every board carries: host link, memory and accelerator, joined by bytes."""

from amaranth import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tileloom.fpga.board_memory import BoardMemory
from tileloom.fpga.link import HostLink
from tileloom.fpga.word_bridge import WordBridge
from tileloom.hw.accelerator import Accelerator
from tileloom.hw.spec.config import Target


class BoardCore(wiring.Component):
    """The accelerator of a target with block RAM as its memory, behind the host link's byte streams.

    Parameters
    ----------
    memory_bytes : size of the memory, which begins at address 0
    silence_cycles : after so many cycles without a byte an unfinished request is dropped

    Members
    -------
    i, o : bytes from and to the host
    interrupt : done or error, while enabled
    """

    i: In(stream.Signature(8))
    o: Out(stream.Signature(8))
    interrupt: Out(1)

    def __init__(self, target: Target, memory_bytes: int, silence_cycles: int) -> None:
        self.accelerator = Accelerator(target)
        self.memory = BoardMemory(target, memory_bytes)
        self.link = HostLink(silence_cycles)
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.link = self.link
        m.submodules.bridge = bridge = WordBridge()
        m.submodules.memory = self.memory
        m.submodules.accelerator = self.accelerator
        connect(m, flipped(self.i), self.link.i)
        connect(m, self.link.o, flipped(self.o))
        connect(m, self.link.bus, bridge.bus)
        connect(m, bridge.memory, self.memory.host)
        connect(m, bridge.registers, self.accelerator.control)
        connect(m, self.accelerator.memory, self.memory.port)
        m.d.comb += self.interrupt.eq(self.accelerator.interrupt)
        return m
