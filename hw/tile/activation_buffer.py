"""Window or residual buffer of a tile: a log of activations that line A fills."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tileloom.hw.banked_memory import BankedMemory
from tileloom.hw.tile.log_room import LogRoom, LogUse


class ActivationBuffer(wiring.Component):
    """A ring of ``size`` activations, written relative to its head by elements, read at any address.

    With ``last``, an element on the line in cycle x is counted as ``advance`` activations from x + 2; a read
    presented from x + 3 on sees it.

    Parameters
    ----------
    size : activations, a power of two, at least ``4 * banks``
    banks : activations of the widest element and of a read, a power of two
    output_register : see :class:`BankedMemory`
    bits : of an activation

    Members
    -------
    valid, offset, enable, data, last, advance : In, one element of line A
    use : In, see :class:`LogUse`
    read_address, read_data : see :class:`BankedMemory`
    """

    def __init__(self, size: int, banks: int, output_register: bool, bits: int = 8) -> None:
        if size & (size - 1) or size < 4 * banks:
            raise ValueError(f"size must be a power of two, at least {4 * banks}, not {size!r}")
        self.size = size
        self.banks = banks
        self.output_register = output_register
        self.bits = bits
        super().__init__(
            {
                "valid": In(1),
                "offset": In(24),
                "enable": In(banks),
                "data": In(bits * banks),
                "last": In(1),
                "advance": In(24),
                "use": In(LogUse()),
                "read_address": In(range(size)),
                "read_data": Out(bits * banks),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = BankedMemory(
            self.banks, self.size // self.banks, self.output_register, self.bits
        )
        m.submodules.room = room = LogRoom(self.size)
        connect(m, flipped(self.use), room.use)

        # The element and its address are registered before the memory's rotator.
        head = Signal(range(self.size))
        s1_address = Signal(range(self.size), reset_less=True)
        s1_data = Signal(self.bits * self.banks, reset_less=True)
        s1_enable = Signal(self.banks)
        s1_last = Signal()
        s1_advance = Signal(24, reset_less=True)
        with m.If(self.valid):
            m.d.sync += [
                s1_address.eq(head + self.offset),
                s1_data.eq(self.data),
                s1_advance.eq(self.advance),
            ]
            with m.If(self.last):
                m.d.sync += head.eq(head + self.advance)
        m.d.sync += [s1_enable.eq(Mux(self.valid, self.enable, 0)), s1_last.eq(self.valid & self.last)]
        m.d.comb += [
            memory.write_address.eq(s1_address),
            memory.write_data.eq(s1_data),
            memory.write_enable.eq(s1_enable),
            room.arrive.eq(s1_last),
            room.arrived.eq(s1_advance),
            memory.read_address.eq(self.read_address),
            self.read_data.eq(memory.read_data),
        ]
        return m
