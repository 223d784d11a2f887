"""The two output slots of a tile."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.banked_memory import BankedMemory, first_elements
from tileloom.hw.interfaces import SlotLine
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.timing import SLOTS


class OutputSlots(wiring.Component):
    """Slots are claimed, filled, read and freed in turn from slot 0. Every strobe of cycle t counts from t + 1.

    Members
    -------
    free : Out, a slot can be claimed
    claim : In
    claimed : Out, number of the slot that was claimed last
    fill : In, the oldest claimed slot that is not full is full
    slot, address, data, count : In, writes ``count`` activations at any address of a slot
    line : In, reads and frees the oldest full slot, see :class:`SlotLine`
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        # Both slots begin at a power of two, so that a slot's number is one address bit.
        self.slot_rows = max(1 << (target.slot_bytes // target.port_bytes - 1).bit_length(), 2)
        super().__init__(
            {
                "free": Out(1),
                "claim": In(1),
                "claimed": Out(1),
                "fill": In(1),
                "slot": In(1),
                "address": In(range(target.slot_activations)),
                "data": In(target.activation_bits * target.results_per_cycle),
                "count": In(range(target.results_per_cycle + 1)),
                "line": In(SlotLine(target)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        line = self.line
        banks, width = self.target.port_activations, self.target.activation_bits
        size = self.slot_rows * banks
        m.submodules.memory = memory = BankedMemory(banks, SLOTS * self.slot_rows, False, width)
        free, full = Signal(range(SLOTS + 1), init=SLOTS), Signal(range(SLOTS + 1))
        oldest, claimed = Signal(), Signal(init=1)
        m.d.comb += [self.free.eq(free != 0), line.full.eq(full != 0), self.claimed.eq(claimed)]
        m.d.sync += [
            free.eq(free - self.claim + line.release),
            full.eq(full + self.fill - line.release),
            claimed.eq(claimed ^ self.claim),
            oldest.eq(oldest ^ line.release),
        ]
        bits = (size - 1).bit_length()
        write, read = Signal(bits), Signal(bits)
        m.d.comb += [
            write.eq(self.address),
            read.eq(line.address),
            memory.write_address.eq(Cat(write, self.slot)),
            memory.write_data.eq(self.data),
            memory.write_enable.eq(first_elements(self.count, memory.banks)),
            # An unaligned run's first beat may begin before the slot: its address is negative and borrows from there.
            memory.read_address.eq(Cat(read, oldest ^ line.address[bits])),
            line.data.eq(memory.read_data),
        ]
        return m
