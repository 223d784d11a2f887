"""Notices descriptors whose fields are wider than what a compact machine keeps of them."""

from collections.abc import Iterator

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.widths import guarded

KINDS: tuple[type[isa.Instruction], ...] = (isa.Load, isa.Weights, isa.Store, isa.Job)
"""Instructions that are descriptors, in the order of the table."""


def rules(kind: type[isa.Instruction], target: Target) -> list[int]:
    """For every word behind the header: the bits that must be 0, and above them those that must be as the bit below.

    >>> rules(isa.Load, Target("default"))[0]
    0
    """
    zeros = sames = 0
    kept = guarded(kind, target)
    for name, width, offset in isa.layout(kind):
        if name in kept and not (kind is isa.Job and name == "mask"):
            dropped = ((1 << width.width) - (1 << kept[name].width)) << offset
            zeros |= 0 if width.signed else dropped
            sames |= dropped if width.signed else 0
    words = range(isa.words_of(kind) - 1)
    return [(zeros >> 32 * i & 0xFFFFFFFF) | (sames >> 32 * i & 0xFFFFFFFF) << 32 for i in words]


def _table(target: Target) -> Iterator[tuple[isa.Opcode, int, list[int]]]:
    """Opcode, first row and rows of every kind; row 0 lets every word pass."""
    first = 1
    for kind in KINDS:
        found = rules(kind, target)
        yield kind.opcode, first, found
        first += len(found)


class FieldGuard(wiring.Component):
    """Looks at every word that is popped, one cycle later.

    Members
    -------
    word, pop : In, a word of the program is popped
    header : In(1), it is a header
    sent : In(32), the word popped in the cycle before, as it is sent on; of a JOB's mask the header is sent
    bad : Out(1), in the cycle before a word was popped that has a bit set where the machine keeps none
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__({"word": In(32), "pop": In(1), "header": In(1), "sent": In(32), "bad": Out(1)})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        table = list(_table(self.target))
        rows = [0, *(rule for _, _, found in table for rule in found)]
        row = Signal(range(len(rows)))  # of the next word, if it is not a header
        first = Signal.like(row)
        with m.Switch(self.word[:8]):
            for opcode, number, _ in table:
                with m.Case(opcode):
                    m.d.comb += first.eq(number)
        checks = Signal()
        s1_below = Signal(reset_less=True)
        m.submodules.memory = memory = Memory(shape=unsigned(64), depth=len(rows), init=rows)
        read = memory.read_port()
        m.d.comb += [read.addr.eq(row), read.en.eq(self.pop)]
        m.d.sync += checks.eq(self.pop & ~self.header & (row != 0))
        with m.If(self.pop):
            m.d.sync += s1_below.eq(self.sent[-1])
            m.d.sync += row.eq(Mux(self.header, first, Mux(row == 0, 0, row + 1)))
        zeros, sames = read.data[:32], read.data[32:]
        differs = self.sent ^ Cat(s1_below, self.sent[:-1])
        m.d.comb += self.bad.eq(checks & ((self.sent & zeros) | (differs & sames)).any())
        return m
