"""Program fetch (P): bursts of program into a buffer, words of it to the sequencer."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tileloom.hw.dma.axi import BurstOffer, ReadBeat
from tileloom.hw.dma.burst_cutter import BurstCutter
from tileloom.hw.spec import timing
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.registers import Error
from tileloom.hw.spec.widths import address_bits


class ProgramFetch(wiring.Component):
    """Requests the program from ``start`` on, as far ahead as its buffer holds, and gives it word by word.

    A beat's first word is valid PROGRAM_LATENCY after the beat's handshake or in the cycle after the pop of the word
    before, whichever is later; all further words follow without a gap.

    Members
    -------
    start : In(1), takes ``program_address`` and ``program_bytes``
    halt : In(1), no further offer
    window_base, window_bytes, program_address, program_bytes : In(32), the registers
    offer : Out(BurstOffer); beat : In(ReadBeat)
    word, word_valid : Out; pop : In(1), only while ``word_valid``
    exhausted : Out(1), every word of the program has been popped
    error : Out(4), :class:`Error`, 0 for none
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.beats = timing.PROGRAM_BURSTS * target.burst_beats
        super().__init__(
            {
                "start": In(1),
                "halt": In(1),
                "window_base": In(32),
                "window_bytes": In(32),
                "program_address": In(32),
                "program_bytes": In(32),
                "offer": Out(BurstOffer()),
                "beat": In(ReadBeat(target)),
                "word": Out(32),
                "word_valid": Out(1),
                "pop": In(1),
                "exhausted": Out(1),
                "error": Out(4),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        bits = address_bits(self.target)
        m.submodules.cutter = cutter = BurstCutter(self.target, bits)
        address, left = Signal(bits, reset_less=True), Signal(bits, reset_less=True)
        reserved = Signal(range(self.beats + 1))  # beats requested and not yet popped
        freed = Signal()
        self._add_words(m, freed)
        fits = Signal()
        m.d.comb += [
            cutter.window_base.eq(self.window_base),
            cutter.window_bytes.eq(self.window_bytes),
            cutter.address.eq(address),
            cutter.left.eq(left),
            fits.eq(reserved + cutter.length < self.beats),
            self.offer.address.eq(cutter.bus_address),
            self.offer.length.eq(cutter.length),
        ]
        added = Signal(range(self.target.burst_beats + 1))
        m.d.sync += reserved.eq(reserved + added - freed)
        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.start):
                    m.d.sync += [address.eq(self.program_address), left.eq(self.program_bytes)]
                    with m.If(self.program_bytes != 0):
                        m.next = "COMPUTE"
            with m.State("COMPUTE"):
                m.d.comb += cutter.compute.eq(1)
                m.next = "OFFER"
            with m.State("OFFER"):
                m.d.comb += self.offer.valid.eq(fits & ~cutter.outside & ~self.halt)
                with m.If(cutter.outside):
                    m.d.comb += self.error.eq(Error.OUTSIDE_WINDOW)
                with m.If(self.offer.granted):
                    m.d.comb += added.eq(cutter.length + 1)
                    m.d.sync += [address.eq(cutter.next_address), left.eq(cutter.next_left)]
                    with m.If(cutter.ends_run):
                        m.next = "IDLE"
                    with m.Else():
                        m.next = "COMPUTE"
        return m

    def _add_words(self, m: Module, freed: Signal) -> None:
        """The buffer: beats in, words out of a register; ``freed`` when a beat's last word is popped."""
        words = self.target.port_bytes // 4
        m.submodules.memory = memory = Memory(shape=unsigned(32 * words), depth=self.beats, init=[])
        write, read = memory.write_port(), memory.read_port()
        head, tail = Signal(range(2 * self.beats)), Signal(range(2 * self.beats))  # one bit more than an address
        m.d.comb += [
            write.addr.eq(head),
            write.data.eq(self.beat.data),
            write.en.eq(self.beat.valid),
        ]
        m.d.sync += head.eq(head + write.en)

        # The memory's output is the beat at ``tail``; its words go to the output register one by one.
        front_valid = Signal()
        front_word, popped_word = Signal(range(words)), Signal(range(words))
        words_left = Signal(address_bits(self.target) - 2)
        move, advance = Signal(), Signal()
        # A pop comes late and only chooses: where reading goes on, and whether a beat is there, is known for both.
        after_tail, following = Signal.like(tail), Signal.like(tail)
        word = Signal(32, reset_less=True)
        m.d.comb += [
            move.eq(front_valid & (words_left != 0) & (~self.word_valid | self.pop)),
            advance.eq(move & (front_word == words - 1)),
            after_tail.eq(tail + 1),
            following.eq(Mux(advance, after_tail, tail)),
            read.addr.eq(following),
            self.word.eq(word),
            freed.eq(self.pop & (popped_word == words - 1)),
            self.exhausted.eq((words_left == 0) & ~self.word_valid),
        ]
        m.d.sync += [tail.eq(following), front_valid.eq(Mux(advance, after_tail != head, tail != head))]
        with m.If(self.start):
            m.d.sync += words_left.eq(self.program_bytes[2:])
        with m.Elif(move):
            m.d.sync += [
                words_left.eq(words_left - 1),
                front_word.eq(front_word + 1),
                word.eq(read.data.word_select(front_word, 32)),
            ]
        with m.If(self.pop):
            m.d.sync += popped_word.eq(popped_word + 1)
        with m.If(move | self.pop):
            m.d.sync += self.word_valid.eq(move)
