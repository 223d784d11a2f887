"""What every board carries: host link, memory and accelerator, joined by bytes."""

from amaranth import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Member, Out, connect, flipped

from tileloom.fpga.link import HostLink
from tileloom.fpga.word_bridge import WordBridge
from tileloom.hw.accelerator import Accelerator
from tileloom.hw.spec.config import Target


class BoardCore(wiring.Component):
    """The accelerator of a target and its memory, behind the host link's byte streams.

    Parameters
    ----------
    memory : a component with the accelerator's ``port`` and the ``host``'s, and ``pins`` where it has a chip
    silence_cycles : after so many cycles without a byte an unfinished request is dropped

    Members
    -------
    i, o : bytes from and to the host
    interrupt : done or error, while enabled
    pins : the memory's, if it has any
    """

    def __init__(self, target: Target, memory: wiring.Component, silence_cycles: int) -> None:
        self.accelerator = Accelerator(target)
        self.memory = memory
        self.link = HostLink(silence_cycles)
        members = {"i": In(stream.Signature(8)), "o": Out(stream.Signature(8)), "interrupt": Out(1)}
        super().__init__(members | pins_of(memory))

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
        if pins_of(self.memory):
            connect(m, self.memory.pins, flipped(self.pins))
        m.d.comb += self.interrupt.eq(self.accelerator.interrupt)
        return m


def pins_of(component: wiring.Component) -> dict[str, Member]:
    """The member ``pins`` of a component that has one: whatever holds the component has it too."""
    members = component.signature.members
    return {"pins": members["pins"]} if "pins" in members else {}
