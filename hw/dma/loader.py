"""The loader: elements of every LOAD, one a cycle, from the staging ring or as padding, onto line A."""

from itertools import pairwise

from amaranth.hdl import Module, Mux, ShapeLike, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.descriptor import descriptor_layout, descriptor_words, kept_bits
from tileloom.hw.descriptor_queue import DescriptorQueue
from tileloom.hw.dma.axi import ReadBeat
from tileloom.hw.dma.element_walk import ElementWalk
from tileloom.hw.dma.part_mask import PartMask
from tileloom.hw.dma.short_queue import ShortQueue
from tileloom.hw.dma.spreader import Spreader
from tileloom.hw.dma.staging import StagingRing, StagingShape
from tileloom.hw.dma.staging_cursor import StagingCursor
from tileloom.hw.interfaces import ActivationLine, ConfigurationLine
from tileloom.hw.spec import isa, timing
from tileloom.hw.spec.config import Target
from tileloom.hw.tile.delay import delayed

SPREADER_STAGE = 3
"""Cycles from the loader's to that in which an element comes out of the staging ring and is put in place."""

AHEAD = 2
"""Elements that the walk is ahead of the loading: with two, one is loaded every cycle."""


class Loader(wiring.Component):
    """Descriptors of LOAD and beats of A in, elements out, in the cycles of ``docs/architecture.md``.

    An element stands on the line four cycles after the loader's cycle.

    Members
    -------
    configuration : In(ConfigurationLine)
    halt : In(1), no further element
    chunk_reserved : In(1), the A address generator reserves a chunk in this cycle
    beat : In(ReadBeat)
    freed : Out, beats of the staging ring that are done with, counted modulo
    line : Out(ActivationLine)
    idle : Out(1), no descriptor here
    progress : Out(1), an element is loaded in this cycle
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.staging = StagingShape(target)
        super().__init__(
            {
                "configuration": In(ConfigurationLine()),
                "halt": In(1),
                "chunk_reserved": In(1),
                "beat": In(ReadBeat(target)),
                "freed": Out(self.staging.beat_bits),
                "line": Out(ActivationLine(target)),
                "idle": Out(1),
                "progress": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        target = self.target
        kept = kept_bits(isa.Load, target)
        m.submodules.queue = queue = DescriptorQueue(descriptor_words(isa.Load), timing.LOAD_QUEUE_WORDS, kept)
        m.submodules.walk = walk = ElementWalk(target)
        m.submodules.cursor = cursor = StagingCursor(target)
        m.submodules.ring = ring = StagingRing(target)
        m.submodules.mask = mask = PartMask(target)
        m.submodules.spreader = spreader = Spreader(target.window_banks, target.activation_bits)
        wiring.connect(m, wiring.flipped(self.configuration), queue.configuration)
        wiring.connect(m, wiring.flipped(self.beat), ring.beat)
        given = data.View(descriptor_layout(isa.Load, target), queue.words)

        members: dict[str, ShapeLike] = {
            "mask": target.tiles,
            "destination": 1,
            "offset": walk.offset.shape(),
            "count": range(target.window_banks + 1),
            "is_data": 1,
            "pad_value": target.activation_bits,
            "last": 1,
            "advance": walk.advance.shape(),
        }
        # A compact machine still has the descriptor when its last element goes onto the line.
        steady = ("destination", "pad_value", "advance") if target.compact else ()
        element = data.StructLayout({name: shape for name, shape in members.items() if name not in steady})
        # The walk runs ahead of the loading by a few elements: what an element is never waits for whether it may come.
        walked = data.StructLayout(
            {
                "element": element,
                "position": cursor.position.shape(),
                "until": cursor.until.shape(),
                "freed": cursor.freed.shape(),
                "done": 1,
            }
        )
        m.submodules.ahead = ahead = ShortQueue(walked, AHEAD)
        next_up, walking, walks = ahead.o, Signal(), Signal()
        inside = Signal(range(AHEAD + 1))
        # Chunks that are reserved and not loaded: each moves a head by one or more, so the logs bound them.
        reserved = Signal(range(target.tiles * (target.window_activations + target.residual_activations) + 1))
        some_reserved, present = Signal(), Signal()
        running, take, load, loads_chunk = Signal(), Signal(), Signal(), Signal()
        unread = Signal(signed(self.staging.position_bits))
        m.d.comb += [
            take.eq(~running & queue.valid & ~self.halt),
            queue.take.eq(take),
            walks.eq(walking & (inside != AHEAD)),
            walk.load.eq(take),
            walk.words.eq(queue.words),
            walk.step.eq(walks),
            cursor.load.eq(take),
            cursor.words.eq(queue.words),
            cursor.step.eq(walks & walk.is_data),
            cursor.take.eq(walk.take),
            cursor.write.eq(walk.count),
            cursor.ends_row.eq(walk.ends_data),
            mask.load.eq(take),
            mask.start.eq(given.mask),
            mask.shift.eq(given.part_shift),
            mask.next_part.eq(walks & walk.ends_chunk & ~walk.ends_band),
            mask.first_part.eq(walks & walk.ends_band),
            ahead.push.eq(walks),
            ahead.pop.eq(load),
            ahead.i.element.mask.eq(mask.mask),
            *(ahead.i.element[name].eq(getattr(walk, name)) for name in ("destination",) if name not in steady),
            ahead.i.element.offset.eq(walk.offset),
            ahead.i.element.count.eq(walk.count),
            ahead.i.element.is_data.eq(walk.is_data),
            *(ahead.i.element[name].eq(getattr(walk, name)) for name in ("pad_value",) if name not in steady),
            ahead.i.element.last.eq(walk.ends_chunk),
            *(ahead.i.element[name].eq(getattr(walk, name)) for name in ("advance",) if name not in steady),
            ahead.i.position.eq(cursor.position),
            ahead.i.until.eq(cursor.until),
            ahead.i.freed.eq(cursor.freed),
            ahead.i.done.eq(walk.done),
            unread.eq((ring.visible << self.staging.line_bits) - next_up.until),
            present.eq(unread >= 0),
            load.eq(ahead.valid & some_reserved & (~next_up.element.is_data | present) & ~self.halt),
            loads_chunk.eq(load & next_up.element.last),
            ring.position.eq(next_up.position),
            self.idle.eq(~running & queue.idle),
            self.progress.eq(load),
        ]
        m.d.sync += [
            inside.eq(inside + walks - load),
            reserved.eq(reserved + self.chunk_reserved - loads_chunk),
            some_reserved.eq(self.chunk_reserved | (reserved > 1) | ((reserved == 1) & ~loads_chunk)),
        ]
        with m.If(take):
            m.d.sync += [running.eq(1), walking.eq(1)]
        with m.If(walks & walk.done):
            m.d.sync += walking.eq(0)
        with m.If(load & next_up.done):
            m.d.sync += running.eq(0)
        with m.If(load & next_up.element.is_data):
            m.d.sync += self.freed.eq(next_up.freed)

        s0 = Signal(element)
        m.d.comb += s0.eq(next_up.element)
        with m.If(~load):
            m.d.comb += s0.mask.eq(0)
        numbers = range(1, SPREADER_STAGE + 1)
        stages = [s0, *(Signal(element, reset_less=True, name=f"s{n}") for n in numbers)]
        for before, after in pairwise(stages):
            m.d.sync += after.eq(before)
        s3 = stages[-1]
        fixed = walk if target.compact else s3
        if target.compact:
            m.d.comb += queue.rest.eq(~running)
        # The spreader turns to a descriptor when the one before has left its stage, and before its own elements come.
        turn = delayed(m, take, SPREADER_STAGE - 1, "spread")[-1]
        m.d.comb += [
            spreader.load.eq(turn),
            spreader.piece.eq(walk.piece),
            spreader.spread.eq(walk.spread),
            spreader.bytes.eq(Mux(s3.is_data, ring.bytes, fixed.pad_value.replicate(target.window_banks))),
            spreader.count.eq(s3.count),
        ]
        m.d.sync += [
            self.line.mask.eq(s3.mask),
            self.line.destination.eq(fixed.destination),
            self.line.offset.eq(s3.offset),
            self.line.enable.eq(spreader.enable),
            self.line.data.eq(spreader.data),
            self.line.last.eq(s3.last),
            self.line.advance.eq(fixed.advance),
        ]
        return m
