"""The W address generator and the stream of beats that it makes."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.descriptor import descriptor_layout, descriptor_words, kept_bits
from tileloom.hw.descriptor_queue import DescriptorQueue
from tileloom.hw.dma.axi import BurstOffer, ReadBeat
from tileloom.hw.dma.burst_cutter import BurstCutter
from tileloom.hw.dma.loop_nest import LoopNest
from tileloom.hw.dma.part_mask import PartMask
from tileloom.hw.dma.short_queue import ShortQueue
from tileloom.hw.dma.space_guard import SpaceGuard
from tileloom.hw.interfaces import ConfigurationLine, Reservation, WeightLine
from tileloom.hw.spec import isa, timing
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.registers import Error
from tileloom.hw.spec.widths import address_bits


class WeightStream(wiring.Component):
    """Descriptors of WEIGHTS and beats of W in; reservations, offers of bursts and line W out.

    A beat stands on the line two cycles after its handshake.

    Members
    -------
    configuration : In(ConfigurationLine)
    halt : In(1), no further reservation and no further offer
    window_base, window_bytes : In(32), the address window
    beat : In(ReadBeat)
    reservation : Out(Reservation)
    offer : Out(BurstOffer)
    line : Out(WeightLine)
    idle : Out(1), no descriptor here and no burst under way
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
                "beat": In(ReadBeat(target)),
                "reservation": Out(Reservation(target)),
                "offer": Out(BurstOffer()),
                "line": Out(WeightLine(target)),
                "idle": Out(1),
                "error": Out(4),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        retire = self.beat.valid & self.beat.last
        beat_bits = (self.target.port_bytes - 1).bit_length()
        compact = self.target.compact
        kept = kept_bits(isa.Weights, self.target)
        m.submodules.queue = queue = DescriptorQueue(descriptor_words(isa.Weights), timing.WEIGHTS_QUEUE_WORDS, kept)
        given = data.View(descriptor_layout(isa.Weights, self.target), queue.words)
        loops = [given.parts, given.portions, given.repeats][0 if self.target.has_parts else 1 :]
        bits, left_bits = address_bits(self.target), given.beats.shape().width
        m.submodules.nest = nest = LoopNest([len(count) for count in loops], steady=compact)
        m.submodules.cutter = cutter = BurstCutter(self.target, left_bits + beat_bits)
        m.submodules.guard = guard = SpaceGuard(self.target)
        m.submodules.mask = mask = PartMask(self.target)
        wiring.connect(m, wiring.flipped(self.configuration), queue.configuration)

        space, start = Signal(reset_less=True), Signal(bits, reset_less=True)
        words, beats = Signal.like(given.words, reset_less=True), Signal(left_bits, reset_less=True)
        address, left = Signal(bits, reset_less=True), Signal(left_bits, reset_less=True)
        state_idle, take, claim = Signal(), Signal(), Signal()
        no_bytes = Const(0, beat_bits)
        m.d.comb += [
            nest.load.eq(take),
            *(getattr(nest, f"count{level}").eq(count) for level, count in enumerate(loops)),
            mask.load.eq(take),
            mask.start.eq(given.mask),
            mask.shift.eq(given.part_shift),
            mask.next_part.eq(nest.step & nest.advance[0]),
            mask.first_part.eq(nest.step & nest.advance[1:].any()),
            queue.take.eq(take),
            cutter.window_base.eq(self.window_base),
            cutter.window_bytes.eq(self.window_bytes),
            cutter.address.eq(address),
            cutter.space.eq(space),
            cutter.left.eq(Cat(no_bytes, left)),
            guard.space.eq(space),
            guard.granted.eq(self.offer.granted),
            guard.retire.eq(retire),
            self.idle.eq(state_idle & queue.idle & guard.idle),
            self.reservation.amount.eq(words),
            self.reservation.claim.eq(Mux(claim, mask.mask, 0)),
            self.offer.space.eq(space),
            self.offer.address.eq(cutter.bus_address),
            self.offer.length.eq(cutter.length),
        ]
        aligned = Cat(no_bytes, given.address[beat_bits:])
        keep = [space.eq(given.space), start.eq(aligned)]
        keep_sizes = [words.eq(given.words), beats.eq(given.beats)]
        if compact:
            m.d.comb += [*keep, *keep_sizes, queue.rest.eq(state_idle)]
            keep = keep_sizes = []
        self._add_line(m, mask.mask, words, cutter.ends_run)

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += state_idle.eq(1)
                with m.If(queue.valid & ~self.halt):
                    m.d.comb += take.eq(1)
                    m.d.sync += [*keep, address.eq(aligned), *keep_sizes]
                    m.next = "PORTION"
                    counts = (given.repeats, given.portions, given.parts, given.words, given.beats)
                    with m.If(~Cat(count.any() for count in counts).all()):
                        m.next = "FAULT"
            with m.State("PORTION"):
                m.d.sync += left.eq(beats)
                with m.If((~mask.mask | self.reservation.room).all() & ~self.halt):
                    m.d.comb += claim.eq(1)
                    m.next = "COMPUTE"
            with m.State("COMPUTE"):
                m.d.comb += cutter.compute.eq(1)
                m.next = "OFFER"
            with m.State("OFFER"):
                m.d.comb += self.offer.valid.eq(guard.clear & ~cutter.outside & ~self.halt)
                with m.If(cutter.outside):
                    m.d.comb += self.error.eq(Error.OUTSIDE_WINDOW)
                with m.If(self.offer.granted):
                    m.d.sync += [address.eq(cutter.next_address), left.eq(cutter.next_left[beat_bits:])]
                    with m.If(~cutter.ends_run):
                        m.next = "COMPUTE"
                    with m.Else():
                        m.d.comb += nest.step.eq(1)
                        m.next = "PORTION"
                        with m.If(nest.done):
                            m.next = "IDLE"
                        with m.If(nest.advance[-1]):
                            m.d.sync += address.eq(start)
            with m.State("FAULT"):
                m.d.comb += self.error.eq(Error.ILLEGAL_INSTRUCTION)
        return m

    def _add_line(self, m: Module, mask: Signal, words: Signal, ends_portion: Signal) -> None:
        """What is known of every granted burst waits here for the burst's beats."""
        retire = self.beat.valid & self.beat.last
        burst = data.StructLayout({"mask": self.target.tiles, "words": len(words), "ends_portion": 1})
        m.submodules.bursts = bursts = ShortQueue(burst, self.target.outstanding)
        line_data = Signal(8 * self.target.port_bytes, reset_less=True)
        line_words = Signal(len(words), reset_less=True)
        m.d.comb += [
            bursts.push.eq(self.offer.granted),
            bursts.i.mask.eq(mask),
            bursts.i.words.eq(words),
            bursts.i.ends_portion.eq(ends_portion),
            bursts.pop.eq(retire),
            self.line.data.eq(line_data),
            self.line.words.eq(line_words),
        ]
        m.d.sync += [
            self.line.mask.eq(Mux(self.beat.valid, bursts.o.mask, 0)),
            self.line.last.eq(retire & bursts.o.ends_portion),
            line_data.eq(self.beat.data),
            line_words.eq(bursts.o.words),
        ]
