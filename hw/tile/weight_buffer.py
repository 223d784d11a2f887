"""Weight ring of a tile: a log of weight words that line W fills."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from tileloom.hw.spec.config import Target
from tileloom.hw.tile.log_room import LogRoom, LogUse
from tileloom.hw.tile.weight_assembler import WeightAssembler


def ring_sum(pointer: Value, amount: Value | int, size: int) -> Value:
    """``pointer + amount`` modulo ``size``; ``pointer`` below ``size``, ``amount`` from ``-size`` to ``size``."""
    total = pointer + amount
    return Mux(total >= size, total - size, Mux(total < 0, total + size, total))


class WeightBuffer(wiring.Component):
    """A ring of weight words; a read presented in cycle r stands in ``read_data`` in r + 2: memory, register.

    With ``last``, a beat on the line in cycle x is counted as ``words`` words from x + 2; a read presented from x + 3
    on sees them.

    Members
    -------
    valid, data, last, words : In, one beat of line W
    use : In, see :class:`LogUse`; counts words
    read_address, read_data : In and Out, a word of the ring
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__(
            {
                "valid": In(1),
                "data": In(8 * target.port_bytes),
                "last": In(1),
                "words": In(16),
                "use": In(LogUse()),
                "read_address": In(range(target.weight_words)),
                "read_data": Out(8 * target.word_bytes),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        depth, width = self.target.weight_words, self.target.element_bytes
        m.submodules.assembler = assembler = WeightAssembler(
            self.target.word_bytes // width, self.target.port_bytes // width, 8 * width, lean=self.target.compact
        )
        m.submodules.room = room = LogRoom(depth)
        m.submodules.memory = memory = Memory(shape=8 * self.target.word_bytes, depth=depth, init=[])
        write, read = memory.write_port(), memory.read_port()
        connect(m, flipped(self.use), room.use)

        head = Signal(range(depth))
        s1_last = Signal()
        s1_words = Signal(16, reset_less=True)
        m.d.sync += self.read_data.eq(read.data)
        m.d.sync += [s1_last.eq(self.valid & self.last), s1_words.eq(self.words)]
        m.d.comb += [
            assembler.valid.eq(self.valid),
            assembler.data.eq(self.data),
            assembler.last.eq(self.last),
            write.addr.eq(head),
            write.data.eq(assembler.o_word),
            write.en.eq(assembler.o_valid),
            read.addr.eq(self.read_address),
            room.arrive.eq(s1_last),
            room.arrived.eq(s1_words),
        ]
        with m.If(write.en):
            m.d.sync += head.eq(Mux(head == depth - 1, 0, head + 1))
        return m
