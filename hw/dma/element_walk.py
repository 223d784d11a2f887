"""The order of a LOAD's elements: which is data, how many activations it has, and where it goes."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.descriptor import descriptor_layout, descriptor_words
from tileloom.hw.dma.loop_nest import LoopNest
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target


class Part(enum.Enum, shape=2):  # type: ignore[call-arg]
    """Part of a row."""

    LEFT = 0
    DATA = 1
    RIGHT = 2


class Region(enum.Enum, shape=2):  # type: ignore[call-arg]
    """Kind of a row: the outer ones, before and after, are padding."""

    BEFORE = 0
    DATA = 1
    AFTER = 2


class ElementWalk(wiring.Component):
    """Walks over the elements of a descriptor; the outputs describe the present one.

    Members
    -------
    load : In(1), takes the descriptor ``words``; step : In(1), to the next element
    is_data : Out(1), the element comes from the staging ring
    take, count : Out, activations that it takes (data only) and writes
    offset : Out(24), of its first activation from the head
    ends_data : Out(1), the last of its row that is not a padding element
    ends_chunk, ends_band, done : Out(1), the last of its chunk, of its band, of the descriptor
    destination, pad_value, advance, piece, spread : Out, of the descriptor
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        size = range(target.window_banks + 1)
        super().__init__(
            {
                "load": In(1),
                "words": In(32 * descriptor_words(isa.Load)),
                "step": In(1),
                "is_data": Out(1),
                "take": Out(size),
                "count": Out(size),
                "offset": Out(24),
                "ends_data": Out(1),
                "ends_chunk": Out(1),
                "ends_band": Out(1),
                "done": Out(1),
                "destination": Out(1),
                "pad_value": Out(target.activation_bits),
                "advance": Out(24),
                "piece": Out(3),
                "spread": Out(6),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.nest = nest = LoopNest([16, 6, 16])
        given = data.View(descriptor_layout(isa.Load), self.words)
        kept = "rows_before rows rows_after elements pad_left pad_right row_window block_window pitch pad_pitch"
        kept += " take last_take write last_write pad_write pad_value destination advance"
        kept += " piece spread last_pitch"
        layout = descriptor_layout(isa.Load)
        held = Signal(data.StructLayout({name: layout.members[name] for name in kept.split()}), reset_less=True)
        with m.If(self.load):
            m.d.sync += [held[name].eq(given[name]) for name in kept.split()]

        part, region = Signal(Part, reset_less=True), Signal(Region, reset_less=True)
        elements_left, rows_left = Signal(16, reset_less=True), Signal(16, reset_less=True)
        last_of_part, last_of_region = Signal(), Signal()
        ends_row, ends_block = Signal(), Signal()
        in_part, behind = Signal(), Signal()
        m.d.comb += [
            last_of_part.eq(elements_left == 1),
            last_of_region.eq(rows_left == 1),
            in_part.eq(part == Part.DATA),
            self.ends_data.eq(in_part & last_of_part),
            self.is_data.eq(in_part & (region == Region.DATA)),
            ends_row.eq(last_of_part & ((part == Part.RIGHT) | in_part & (held.pad_right == 0))),
            behind.eq((held.rows_after == 0) & ((region == Region.DATA) | (held.rows == 0))),
            ends_block.eq(ends_row & last_of_region & ((region == Region.AFTER) | behind)),
            self.ends_chunk.eq(ends_block & ~nest.advance[0]),
            self.ends_band.eq(ends_block & ~nest.advance[:2].any()),
            self.done.eq(ends_block & nest.done),
            nest.load.eq(self.load),
            nest.count0.eq(given.blocks),
            nest.count1.eq(given.parts),
            nest.count2.eq(given.bands),
            nest.step.eq(self.step & ends_block),
            self.destination.eq(held.destination),
            self.pad_value.eq(held.pad_value),
            self.advance.eq(held.advance),
            self.piece.eq(held.piece),
            self.spread.eq(held.spread),
            self.take.eq(Mux(last_of_part, held.last_take, held.take)),
            self.count.eq(Mux(in_part, Mux(last_of_part, held.last_write, held.write), held.pad_write)),
        ]

        with m.If(self.load):
            self._begin_row(m, given, part, elements_left)
            self._begin_block(m, given, region, rows_left)
        with m.Elif(self.step):
            with m.If(ends_row):
                self._begin_row(m, held, part, elements_left)
            with m.Elif(~last_of_part):
                m.d.sync += elements_left.eq(elements_left - 1)
            with m.Elif(part == Part.LEFT):
                m.d.sync += [part.eq(Part.DATA), elements_left.eq(held.elements)]
            with m.Else():
                m.d.sync += [part.eq(Part.RIGHT), elements_left.eq(held.pad_right)]
            with m.If(ends_block):
                self._begin_block(m, held, region, rows_left)
            with m.Elif(ends_row & ~last_of_region):
                m.d.sync += rows_left.eq(rows_left - 1)
            with m.Elif(ends_row & (region == Region.BEFORE) & (held.rows != 0)):
                m.d.sync += [region.eq(Region.DATA), rows_left.eq(held.rows)]
            with m.Elif(ends_row):
                m.d.sync += [region.eq(Region.AFTER), rows_left.eq(held.rows_after)]

        contiguous = held.pitch == held.write
        after_last = Mux(contiguous, held.last_write.as_signed(), held.pitch)
        after_last = Mux(held.piece != 0, held.last_pitch, after_last)
        pitch = Mux(in_part, Mux(last_of_part, after_last, held.pitch), held.pad_pitch)
        self._add_offset(m, held, ends_row, ends_block, pitch)
        return m

    @staticmethod
    def _begin_row(m: Module, fields: data.View, part: Signal, left: Signal) -> None:
        with m.If(fields.pad_left != 0):
            m.d.sync += [part.eq(Part.LEFT), left.eq(fields.pad_left)]
        with m.Else():
            m.d.sync += [part.eq(Part.DATA), left.eq(fields.elements)]

    @staticmethod
    def _begin_block(m: Module, fields: data.View, region: Signal, left: Signal) -> None:
        with m.If(fields.rows_before != 0):
            m.d.sync += [region.eq(Region.BEFORE), left.eq(fields.rows_before)]
        with m.Elif(fields.rows != 0):
            m.d.sync += [region.eq(Region.DATA), left.eq(fields.rows)]
        with m.Else():
            m.d.sync += [region.eq(Region.AFTER), left.eq(fields.rows_after)]

    def _add_offset(self, m: Module, held: data.View, ends_row: Signal, ends_block: Signal, pitch: Value) -> None:
        """Offsets of the element, its row and its block, with one adder."""
        element, row, block = (
            Signal(24, name=f"{name}_offset", reset_less=True) for name in ("element", "row", "block")
        )
        base, stride, following = Signal(24), Signal(24), Signal(24)
        m.d.comb += [
            base.eq(Mux(ends_block, block, Mux(ends_row, row, element))),
            stride.eq(Mux(ends_block, held.block_window, Mux(ends_row, held.row_window, pitch))),
            following.eq(base + stride),
            self.offset.eq(element),
        ]
        with m.If(self.load | (self.step & self.ends_chunk)):
            m.d.sync += [element.eq(0), row.eq(0), block.eq(0)]
        with m.Elif(self.step):
            m.d.sync += element.eq(following)
            with m.If(ends_row):
                m.d.sync += row.eq(following)
            with m.If(ends_block):
                m.d.sync += block.eq(following)
