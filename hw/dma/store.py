"""The O address generator: which slots of the tiles are stored, and in which write bursts."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.descriptor import descriptor_layout, descriptor_words, kept_bits
from tileloom.hw.descriptor_queue import DescriptorQueue
from tileloom.hw.dma.burst_cutter import BurstCutter
from tileloom.hw.dma.loop_address import LoopAddress
from tileloom.hw.dma.loop_nest import LoopNest
from tileloom.hw.dma.write_path import SlotRead
from tileloom.hw.interfaces import ConfigurationLine, SlotLine
from tileloom.hw.spec import isa, timing
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.isa import Space
from tileloom.hw.spec.registers import Error
from tileloom.hw.spec.widths import address_bits

LEVELS = ("runs", "subparts", "parts", "inner", "outer")
"""Loops of a STORE, innermost first."""


class StoreAddresses(wiring.Component):
    """Descriptors of STORE in, slot reads and write bursts out, in the cycles of ``docs/architecture.md``.

    Members
    -------
    configuration : In(ConfigurationLine)
    halt : In(1), no further slot and no further burst; a burst that has begun is read to its end
    window_base, window_bytes : In(32), the address window
    slots : Out(SlotLine) of every tile
    read : Out(SlotRead), the slot read of this cycle; slot_data : Out, of the read two cycles before
    request, address, length, ends_slot : Out, a write burst to the memory begins in this cycle
    memory_ready, map_ready, read_ready : In(1), whether a burst to the memory, a burst to the map buffer, a read for
        the memory may begin in this cycle
    idle : Out(1), no descriptor here
    error : Out(4), :class:`Error`, 0 for none
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__(
            {
                "configuration": In(ConfigurationLine()),
                "halt": In(1),
                "window_base": In(32),
                "window_bytes": In(32),
                "slots": Out(SlotLine(target)).array(target.tiles),
                "read": Out(SlotRead(target)),
                "slot_data": Out(8 * target.port_bytes),
                "request": Out(1),
                "address": Out(32),
                "length": Out(8),
                "ends_slot": Out(1),
                "memory_ready": In(1),
                "map_ready": In(1),
                "read_ready": In(1),
                "idle": Out(1),
                "error": Out(4),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        beat_bits = (self.target.port_bytes - 1).bit_length()
        # Slots count activations, memory bytes.
        unit = self.target.element_bytes.bit_length() - 1
        compact = self.target.compact
        kept = kept_bits(isa.Store, self.target)
        m.submodules.queue = queue = DescriptorQueue(descriptor_words(isa.Store), timing.STORE_QUEUE_WORDS, kept)
        given = data.View(descriptor_layout(isa.Store, self.target), queue.words)
        bits, left_bits = address_bits(self.target), given.run_bytes.shape().width
        parts = self.target.has_parts
        levels = [name for name in LEVELS if parts or name not in ("parts", "subparts")]
        m.submodules.nest = nest = LoopNest([given[name].shape().width for name in levels], steady=compact)
        m.submodules.places = places = LoopAddress(len(levels), bits, steady=compact)
        tile: Value = given.tile
        if parts:
            m.submodules.tiles = tiles = LoopAddress(len(levels), given.part_tiles.shape().width, steady=compact)
            tile = tiles.address
        m.submodules.cutter = cutter = BurstCutter(self.target, left_bits)
        wiring.connect(m, wiring.flipped(self.configuration), queue.configuration)
        take, step = Signal(), Signal()
        for level, name in enumerate(levels):
            stride = "run_stride" if name == "runs" else f"{name.removesuffix('s')}_stride"
            m.d.comb += getattr(nest, f"count{level}").eq(given[name])
            m.d.comb += getattr(places, f"stride{level}").eq(given[stride])
        m.d.comb += [nest.load.eq(take), nest.step.eq(step)]
        for affine, start in ((places, given.address), *([(tiles, given.tile)] if parts else [])):
            m.d.comb += [affine.load.eq(take), affine.start.eq(start), affine.step.eq(step)]
            m.d.comb += affine.advance.eq(nest.advance)
        if parts:
            m.d.comb += [tiles.stride1.eq(given.subpart_tiles), tiles.stride2.eq(given.part_tiles)]

        space, any_runs = Signal(reset_less=True), Signal(reset_less=True)
        run_bytes, run_slot = Signal(left_bits, reset_less=True), Signal.like(given.run_slot, reset_less=True)
        address, left = Signal(bits, reset_less=True), Signal(left_bits, reset_less=True)
        keep = [space.eq(given.space), any_runs.eq(given.runs != 0)]
        keep += [run_bytes.eq(given.run_bytes), run_slot.eq(given.run_slot)]
        slot_start, slot_place = Signal(17, reset_less=True), Signal(17, reset_less=True)
        fresh = Signal(reset_less=True)  # `slot_start` and `address` are those of a run that has not begun
        beat_count = (self.target.burst_beats - 1).bit_length() if compact else 8
        beats_left, first = Signal(beat_count, reset_less=True), Signal(reset_less=True)
        map_beat = Signal.like(self.read.map_beat, reset_less=True)
        state_idle, reading, release, full = Signal(), Signal(), Signal(), Signal()
        in_map = space == Space.MAP
        m.d.comb += [
            queue.take.eq(take),
            cutter.window_base.eq(self.window_base),
            cutter.window_bytes.eq(self.window_bytes),
            cutter.address.eq(address),
            cutter.space.eq(space),
            cutter.left.eq(left),
            self.address.eq(cutter.bus_address),
            self.length.eq(cutter.length),
            self.ends_slot.eq(cutter.ends_run & ~nest.advance[0]),
            self.idle.eq(state_idle & queue.idle),
            self.read.valid.eq(reading),
            self.read.first_byte.eq(Mux(first, address[:beat_bits], 0)),
            self.read.last_byte.eq(Mux(beats_left == 0, cutter.last_byte, self.target.port_bytes - 1)),
            self.read.last.eq(beats_left == 0),
            self.read.ends_slot.eq((beats_left == 0) & self.ends_slot),
            self.read.to_map.eq(in_map),
            self.read.map_beat.eq(map_beat),
        ]
        if compact:
            m.d.comb += [*keep, queue.rest.eq(state_idle)]
        self._add_slots(m, tile, slot_place, release, full)

        next_start = Signal(17)  # of the next run of the slot, or of the next slot
        m.d.comb += next_start.eq(Mux(nest.advance[0], slot_start + run_slot, 0))

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += state_idle.eq(1)
                with m.If(queue.valid & ~self.halt):
                    m.d.comb += take.eq(1)
                    m.d.sync += [] if compact else keep
                    m.d.sync += [address.eq(given.address), left.eq(given.run_bytes)]
                    m.d.sync += [slot_start.eq(0), fresh.eq(1)]
                    m.next = "SLOT"
                    counts = (given.outer, given.inner, given.parts, given.subparts)
                    with m.If(
                        ~Cat(count.any() for count in counts).all() | ((given.runs != 0) & (given.run_bytes == 0))
                    ):
                        m.next = "FAULT"
            with m.State("SLOT"):
                with m.If(full & ~self.halt):
                    m.next = "COMPUTE"
                    with m.If(~any_runs):
                        m.d.comb += [release.eq(1), step.eq(1)]
                        m.next = "SLOT"
                        with m.If(nest.done):
                            m.next = "IDLE"
            with m.State("COMPUTE"):
                m.d.comb += cutter.compute.eq(1)
                # A run's first burst begins in the middle of a beat.
                with m.If(fresh):
                    m.d.sync += [fresh.eq(0), slot_place.eq(slot_start - address[unit:beat_bits])]
                m.next = "ADDRESS"
            with m.State("ADDRESS"):
                m.d.sync += [first.eq(1), beats_left.eq(cutter.length), map_beat.eq(cutter.bus_address[beat_bits:])]
                with m.If(cutter.outside):
                    m.d.comb += self.error.eq(Error.OUTSIDE_WINDOW)
                with m.Elif(~self.halt & Mux(in_map, self.map_ready, self.memory_ready)):
                    m.d.comb += self.request.eq(~in_map)
                    m.next = "BEATS"
            with m.State("BEATS"):
                with m.If(in_map | self.read_ready):
                    m.d.comb += reading.eq(1)
                    m.d.sync += [first.eq(0), beats_left.eq(beats_left - 1), map_beat.eq(map_beat + 1)]
                    m.d.sync += slot_place.eq(slot_place + self.target.port_activations)
                    with m.If(beats_left == 0):
                        m.next = "COMPUTE"
                        with m.If(cutter.ends_run):
                            m.d.comb += [step.eq(1), release.eq(~nest.advance[0])]
                            with m.If(nest.done):
                                m.next = "IDLE"
                            with m.Elif(~nest.advance[0]):
                                m.next = "SLOT"
                        with m.Else():
                            m.d.sync += [address.eq(cutter.next_address), left.eq(cutter.next_left)]
            with m.State("FAULT"):
                m.d.comb += self.error.eq(Error.ILLEGAL_INSTRUCTION)
        # Behind the states, since it goes before the step to the next beat.
        with m.If(step):
            m.d.sync += [address.eq(places.following), left.eq(run_bytes), slot_start.eq(next_start), fresh.eq(1)]
        return m

    def _add_slots(self, m: Module, tile: Value, place: Signal, release: Signal, full: Signal) -> None:
        """One tile's slot is looked at; its data comes two cycles later, when another may be looked at already."""
        chosen = [tile == number for number in range(self.target.tiles)]
        s1_chosen, s2_chosen = (Signal(self.target.tiles, name=f"s{n}_chosen", reset_less=True) for n in (1, 2))
        m.d.sync += [s1_chosen.eq(Cat(chosen)), s2_chosen.eq(s1_chosen)]
        data_of_chosen: Value = Const(0)
        full_of_chosen: Value = Const(0)
        for number, slot in enumerate(self.slots):
            m.d.comb += [slot.address.eq(place), slot.release.eq(release & chosen[number])]
            data_of_chosen = data_of_chosen | Mux(s2_chosen[number], slot.data, 0)
            full_of_chosen = full_of_chosen | (slot.full & chosen[number])
        m.d.comb += [self.slot_data.eq(data_of_chosen), full.eq(full_of_chosen)]
