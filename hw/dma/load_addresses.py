"""The A address generator: the read bursts of every LOAD, and the reservation of what they fill."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.descriptor import descriptor_layout, descriptor_words, kept_bits
from tileloom.hw.descriptor_queue import DescriptorQueue
from tileloom.hw.dma.axi import BurstOffer
from tileloom.hw.dma.burst_cutter import BurstCutter
from tileloom.hw.dma.part_mask import PartMask
from tileloom.hw.dma.run_addresses import RunAddresses
from tileloom.hw.dma.space_guard import SpaceGuard
from tileloom.hw.dma.staging import StagingShape
from tileloom.hw.interfaces import ConfigurationLine, Reservation
from tileloom.hw.spec import isa, timing
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.registers import Error
from tileloom.hw.spec.widths import address_bits


class LoadAddresses(wiring.Component):
    """Descriptors of LOAD in, reservations and offers of bursts out, in the cycles of ``docs/architecture.md``.

    Members
    -------
    configuration : In(ConfigurationLine)
    halt : In(1), no further reservation and no further offer
    window_base, window_bytes : In(32), the address window
    stored : In(16), slots stored since start
    freed : In, beats that the loader has freed in the staging ring, counted modulo; they count from the next cycle on
    retire : In(1), a burst of A had its last beat in the cycle before
    reservation : Out(Reservation); chunk_reserved : Out(1), in the cycle of its claim
    offer : Out(BurstOffer)
    idle : Out(1), no descriptor here and no burst under way
    error : Out(4), :class:`Error`, 0 for none
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.staging = StagingShape(target)
        super().__init__(
            {
                "configuration": In(ConfigurationLine()),
                "halt": In(1),
                "window_base": In(32),
                "window_bytes": In(32),
                "stored": In(16),
                "freed": In(self.staging.beat_bits),
                "retire": In(1),
                "reservation": Out(Reservation(target)),
                "chunk_reserved": Out(1),
                "offer": Out(BurstOffer()),
                "idle": Out(1),
                "error": Out(4),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        kept = kept_bits(isa.Load, self.target)
        m.submodules.queue = queue = DescriptorQueue(descriptor_words(isa.Load), timing.LOAD_QUEUE_WORDS, kept)
        given = data.View(descriptor_layout(isa.Load, self.target), queue.words)
        bits, left_bits = address_bits(self.target), given.run_bytes.shape().width
        m.submodules.runs = runs = RunAddresses(self.target, bits)
        m.submodules.cutter = cutter = BurstCutter(self.target, left_bits)
        m.submodules.guard = guard = SpaceGuard(self.target)
        m.submodules.mask = mask = PartMask(self.target)
        wiring.connect(m, wiring.flipped(self.configuration), queue.configuration)

        # What stays of the descriptor after its taking, besides what nest and mask keep.
        held = Signal(
            data.StructLayout(
                {
                    "space": 1,
                    "destination": 1,
                    "wait": 1,
                    "after_step": 16,
                    "advance": 24,
                    "any_rows": 1,
                    "run_bytes": 24,
                }
            ),
            reset_less=True,
        )
        keep = [held[name].eq(given[name]) for name in held.shape().members if name != "any_rows"]
        keep.append(held.any_rows.eq(given.rows != 0))
        after = Signal(16, reset_less=True)
        address, left = Signal(bits, reset_less=True), Signal(left_bits, reset_less=True)
        state_idle = Signal()
        claim, take = Signal(), Signal()
        m.d.comb += [
            runs.load.eq(take),
            runs.words.eq(queue.words),
            mask.start.eq(given.mask),
            mask.shift.eq(given.part_shift),
            mask.load.eq(take),
            mask.next_part.eq(runs.step & runs.next_part),
            mask.first_part.eq(runs.step & runs.next_band),
            queue.take.eq(take),
            cutter.window_base.eq(self.window_base),
            cutter.window_bytes.eq(self.window_bytes),
            cutter.address.eq(address),
            cutter.left.eq(left),
            cutter.space.eq(held.space),
            guard.space.eq(held.space),
            guard.granted.eq(self.offer.granted),
            guard.retire.eq(self.retire),
            self.idle.eq(state_idle & queue.idle & guard.idle),
        ]

        may_start = Signal()  # the wait condition and the room of all tiles of the mask
        ahead = Signal(16)
        m.d.comb += [
            ahead.eq(self.stored - after),
            may_start.eq((~held.wait | ~ahead[15]) & (~mask.mask | self.reservation.room).all()),
            self.reservation.amount.eq(held.advance),
            self.reservation.destination.eq(held.destination),
            self.reservation.claim.eq(Mux(claim, mask.mask, 0)),
            self.chunk_reserved.eq(claim),
        ]

        # Free beats of the staging ring: a grant chooses between differences that are ready.
        staged, spare = Signal(self.staging.beat_bits), Signal(self.staging.beat_bits, init=self.staging.beats)
        kept, granted = Signal(self.staging.beat_bits), Signal(self.staging.beat_bits)
        fits = Signal()
        m.d.sync += spare.eq(kept)
        m.d.comb += [
            kept.eq(self.staging.beats - staged + self.freed),
            granted.eq(kept - cutter.length - 1),
            fits.eq(cutter.length < spare),
            self.offer.space.eq(held.space),
            self.offer.address.eq(cutter.bus_address),
            self.offer.length.eq(cutter.length),
        ]

        if self.target.compact:
            m.d.comb += [*keep, queue.rest.eq(state_idle)]

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += state_idle.eq(1)
                with m.If(queue.valid & ~self.halt):
                    m.d.comb += take.eq(1)
                    m.d.sync += [*([] if self.target.compact else keep), after.eq(given.after)]
                    m.d.sync += [address.eq(given.address), left.eq(given.run_bytes)]
                    m.next = "CHUNK"
                    with m.If(self._illegal(given)):
                        m.next = "FAULT"
            with m.State("CHUNK"):
                with m.If(may_start & ~self.halt):
                    m.d.comb += claim.eq(1)
                    with m.If(held.any_rows):
                        m.next = "COMPUTE"
                    with m.Else():
                        self._step(m, runs, address, after, held)
            with m.State("COMPUTE"):
                m.d.comb += cutter.compute.eq(1)
                m.next = "OFFER"
            with m.State("OFFER"):
                m.d.comb += self.offer.valid.eq(fits & guard.clear & ~cutter.outside & ~self.halt)
                with m.If(cutter.outside):
                    m.d.comb += self.error.eq(Error.OUTSIDE_WINDOW)
                with m.If(self.offer.granted):
                    m.d.sync += [staged.eq(staged + cutter.length + 1), spare.eq(granted)]
                    with m.If(cutter.ends_run):
                        m.d.sync += left.eq(held.run_bytes)
                        self._step(m, runs, address, after, held)
                    with m.Else():
                        m.d.sync += [address.eq(cutter.next_address), left.eq(cutter.next_left)]
                        m.next = "COMPUTE"
            with m.State("FAULT"):
                m.d.comb += self.error.eq(Error.ILLEGAL_INSTRUCTION)
        return m

    @staticmethod
    def _step(m: Module, runs: RunAddresses, address: Signal, after: Signal, held: data.View) -> None:
        """To the next run of the chunk, the next chunk, or the end."""
        m.d.comb += runs.step.eq(1)
        m.d.sync += address.eq(runs.following)
        with m.If(runs.next_band):
            m.d.sync += after.eq(after + held.after_step)
        with m.If(runs.done):
            m.next = "IDLE"
        with m.Elif(runs.next_run):
            m.next = "COMPUTE"
        with m.Else():
            m.next = "CHUNK"

    def _illegal(self, given: data.View) -> Signal:
        """Whether a count is 0 that must not be, or an element is wider than the window's banks."""
        counts = (given.bands, given.parts, given.blocks, given.elements)
        lines = (given.rows_before, given.rows, given.rows_after)
        widths = (given.take, given.write, given.last_take, given.last_write, given.pad_write)
        illegal = (lines[0] == 0) & (lines[1] == 0) & (lines[2] == 0)
        illegal = illegal | ((given.rows != 0) & ((given.rows_per_run == 0) | (given.run_bytes == 0)))
        for count in counts:
            illegal = illegal | (count == 0)
        for width in widths:
            illegal = illegal | (width > self.target.window_banks)
        return illegal
