"""The order of a LOAD's elements: which is data, how many activations it has, and where it goes."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.descriptor import descriptor_layout
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


FIXED = ("rows", "rows_after", "pad_right")
"""Counts of which it is kept whether they are 0."""


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
        self.layout = descriptor_layout(isa.Load, target)
        size = range(target.window_banks + 1)
        super().__init__(
            {
                "load": In(1),
                "words": In(self.layout.size),
                "step": In(1),
                "is_data": Out(1),
                "take": Out(size),
                "count": Out(size),
                "offset": Out(self.layout["advance"].width),
                "ends_data": Out(1),
                "ends_chunk": Out(1),
                "ends_band": Out(1),
                "done": Out(1),
                "destination": Out(1),
                "pad_value": Out(target.activation_bits),
                "advance": Out(self.layout["advance"].width),
                "piece": Out(3),
                "spread": Out(6),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        layout, compact = self.layout, self.target.compact
        parts = ("parts",) if self.target.has_parts else ()
        given = data.View(layout, self.words)
        counts = [given[name].shape().width for name in ("blocks", *parts, "bands")]
        m.submodules.nest = nest = LoopNest(counts, steady=compact)
        kept = "rows_before rows rows_after elements pad_left pad_right row_window block_window pitch pad_pitch"
        kept += " take last_take write last_write pad_write pad_value destination advance piece spread"
        held = given
        if not compact:
            held = Signal(data.StructLayout({name: layout.members[name] for name in kept.split()}), reset_less=True)
            with m.If(self.load):
                m.d.sync += [held[name].eq(given[name]) for name in kept.split()]

        # What depends on the descriptor alone is known from its taking on, and so is whether a count is at its last.
        fixed = Signal(data.StructLayout({name: 1 for name in FIXED}), reset_less=True)
        after_last = Signal(signed(24), reset_less=True)  # from a part's last element to the next
        contiguous = Mux(given.pitch == given.write, given.last_write, given.pitch)
        known = [fixed[name].eq(given[name] == 0) for name in FIXED]
        known.append(after_last.eq(Mux(given.piece != 0, given.last_pitch, contiguous)))
        if compact:
            m.d.comb += known
        else:
            with m.If(self.load):
                m.d.sync += known
        part, region = Signal(Part, reset_less=True), Signal(Region, reset_less=True)
        counts = [given[name].shape().width for name in ("elements", "rows")]
        elements_left, rows_left = Signal(counts[0], reset_less=True), Signal(counts[1], reset_less=True)
        last_of_part, last_of_region = Signal(reset_less=True), Signal(reset_less=True)
        ends_row, ends_block = Signal(), Signal()
        in_part, behind = Signal(), Signal()
        m.d.comb += [
            in_part.eq(part == Part.DATA),
            self.ends_data.eq(in_part & last_of_part),
            self.is_data.eq(in_part & (region == Region.DATA)),
            ends_row.eq(last_of_part & ((part == Part.RIGHT) | in_part & fixed.pad_right)),
            behind.eq(fixed.rows_after & ((region == Region.DATA) | fixed.rows)),
            ends_block.eq(ends_row & last_of_region & ((region == Region.AFTER) | behind)),
            self.ends_chunk.eq(ends_block & ~nest.advance[0]),
            self.ends_band.eq(ends_block & ~nest.advance[: 1 + len(parts)].any()),
            self.done.eq(ends_block & nest.done),
            nest.load.eq(self.load),
            nest.count0.eq(given.blocks),
            *([nest.count1.eq(given.parts)] if parts else []),
            getattr(nest, f"count{1 + len(parts)}").eq(given.bands),
            nest.step.eq(self.step & ends_block),
            self.destination.eq(held.destination),
            self.pad_value.eq(held.pad_value),
            self.advance.eq(held.advance),
            self.piece.eq(held.piece),
            self.spread.eq(held.spread),
            self.take.eq(Mux(last_of_part, held.last_take, held.take)),
            self.count.eq(Mux(in_part, Mux(last_of_part, held.last_write, held.write), held.pad_write)),
        ]

        def begin(left: Signal, last: Signal, count: Value) -> list[Any]:
            return [left.eq(count), last.eq(count == 1)]

        def begin_row(fields: data.View) -> None:
            with m.If(fields.pad_left != 0):
                m.d.sync += [part.eq(Part.LEFT), *begin(elements_left, last_of_part, fields.pad_left)]
            with m.Else():
                m.d.sync += [part.eq(Part.DATA), *begin(elements_left, last_of_part, fields.elements)]

        def begin_block(fields: data.View) -> None:
            with m.If(fields.rows_before != 0):
                m.d.sync += [region.eq(Region.BEFORE), *begin(rows_left, last_of_region, fields.rows_before)]
            with m.Elif(fields.rows != 0):
                m.d.sync += [region.eq(Region.DATA), *begin(rows_left, last_of_region, fields.rows)]
            with m.Else():
                m.d.sync += [region.eq(Region.AFTER), *begin(rows_left, last_of_region, fields.rows_after)]

        with m.If(self.load):
            begin_row(given)
            begin_block(given)
        with m.Elif(self.step):
            with m.If(ends_row):
                begin_row(held)
            with m.Elif(~last_of_part):
                m.d.sync += [elements_left.eq(elements_left - 1), last_of_part.eq(elements_left == 2)]
            with m.Elif(part == Part.LEFT):
                m.d.sync += [part.eq(Part.DATA), *begin(elements_left, last_of_part, held.elements)]
            with m.Else():
                m.d.sync += [part.eq(Part.RIGHT), *begin(elements_left, last_of_part, held.pad_right)]
            with m.If(ends_block):
                begin_block(held)
            with m.Elif(ends_row & ~last_of_region):
                m.d.sync += [rows_left.eq(rows_left - 1), last_of_region.eq(rows_left == 2)]
            with m.Elif(ends_row & (region == Region.BEFORE) & ~fixed.rows):
                m.d.sync += [region.eq(Region.DATA), *begin(rows_left, last_of_region, held.rows)]
            with m.Elif(ends_row):
                m.d.sync += [region.eq(Region.AFTER), *begin(rows_left, last_of_region, held.rows_after)]

        pitch = Mux(in_part, Mux(last_of_part, after_last, held.pitch), held.pad_pitch)
        self._add_offset(m, held, ends_row, ends_block, pitch)
        return m

    def _add_offset(self, m: Module, held: data.View, ends_row: Signal, ends_block: Signal, pitch: Value) -> None:
        """Offsets of the element, its row and its block; which of the sums counts is known late."""
        element, row, block = (
            Signal(len(self.offset), name=f"{name}_offset", reset_less=True) for name in ("element", "row", "block")
        )
        next_element, next_row, next_block, following = (
            Signal(len(self.offset), name=f"next_{name}") for name in ("element", "row", "block", "offset")
        )
        m.d.comb += [
            next_element.eq(element + pitch),
            next_row.eq(row + held.row_window),
            next_block.eq(block + held.block_window),
            following.eq(Mux(ends_block, next_block, Mux(ends_row, next_row, next_element))),
            self.offset.eq(element),
        ]
        with m.If(self.load | (self.step & self.ends_chunk)):
            m.d.sync += [element.eq(0), row.eq(0), block.eq(0)]
        with m.Elif(self.step):
            m.d.sync += element.eq(following)
            with m.If(ends_row):
                m.d.sync += row.eq(following)
            with m.If(ends_block):
                m.d.sync += block.eq(next_block)
