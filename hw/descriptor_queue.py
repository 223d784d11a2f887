"""A unit's queue of configuration words, and the shadow register that holds its next descriptor."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tileloom.hw.interfaces import ConfigurationLine


class DescriptorQueue(wiring.Component):
    """Words of descriptors in, whole descriptors out.

    A word on the line in cycle ``t`` is in the level from ``t + 1`` (QUEUE_WRITE after the sequencer's pop). The filler
    moves one word a cycle from the queue to the shadow, from the cycle in which the word is in the level; ``valid`` is
    high from two cycles after it moved the last word of a descriptor (QUEUE_READ) up to the cycle of ``take``. From the
    last word's move up to the take the filler rests; it goes on in the cycle after the take, so ``words`` keeps its
    value for two cycles after the take. Words marked ``table`` are left alone.

    A queue that keeps only some bits (``kept``) is that of a compact machine: ``words`` is what the unit works on, and
    stays from the take to the first cycle in which the unit is at rest again; in the cycle after that the filler goes
    on.

    Parameters
    ----------
    words : words of a descriptor, 2 or more
    depth_words : depth of the queue, a power of two from 4
    kept : first bit and number of bits of every field that is kept; ``words`` holds them side by side

    Members
    -------
    words : Out(32 * words), the shadow, word 0 lowest; has a meaning only while ``valid`` and two cycles after
    take : In(1), empties the shadow; only while ``valid``
    rest : In(1), the unit is at rest; only with ``kept``
    idle : Out(1), no word in the queue, on the way, or in the shadow
    """

    def __init__(self, words: int, depth_words: int, kept: tuple[tuple[int, int], ...] | None = None) -> None:
        if words < 2:
            raise ValueError(f"words must be at least 2, not {words!r}")
        if depth_words < 4 or depth_words & (depth_words - 1):
            raise ValueError(f"depth_words must be a power of two from 4, not {depth_words!r}")
        self.word_count = words
        self.depth = depth_words
        self.kept = kept
        super().__init__(
            {
                "configuration": In(ConfigurationLine()),
                "words": Out(32 * words if kept is None else sum(width for _, width in kept)),
                "valid": Out(1),
                "take": In(1),
                "idle": Out(1),
                **({} if kept is None else {"rest": In(1)}),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Memory(shape=32, depth=self.depth, init=[])
        write, read = memory.write_port(), memory.read_port()
        line = self.configuration

        level = Signal(range(self.depth + 1))
        head, tail = Signal(range(self.depth)), Signal(range(self.depth))
        position = Signal(range(self.word_count))  # words of the present descriptor that have moved
        full = Signal()  # the last word has moved, its descriptor is not taken
        moved = Signal()  # a word leaves the memory in this cycle
        shadow = Signal(len(self.words), reset_less=True)
        arrive, move = Signal(), Signal()
        empty: Value = ~full
        if self.kept is not None:
            taken, release = Signal(), Signal()
            m.d.comb += release.eq(taken & self.rest)
            m.d.sync += taken.eq(self.take | (taken & ~self.rest))
            empty = ~full | release

        m.d.comb += [
            arrive.eq(line.valid & ~line.table),
            move.eq((level != 0) & ~full),
            write.addr.eq(head),
            write.data.eq(line.data),
            write.en.eq(arrive),
            read.addr.eq(tail),
            read.en.eq(move),
            line.room.eq(level <= self.depth - 2),
            self.words.eq(shadow),
            self.idle.eq((level == 0) & (position == 0) & empty),
        ]
        m.d.sync += [head.eq(head + arrive), tail.eq(tail + move), level.eq(level + arrive - move), moved.eq(move)]
        with m.If(move):
            m.d.sync += position.eq(Mux(position == self.word_count - 1, 0, position + 1))
            m.d.sync += full.eq(position == self.word_count - 1)
        if self.kept is not None:
            m.d.sync += self.valid.eq(full & ~taken & ~self.take)
            with m.If(release):
                m.d.sync += full.eq(0)
            self._keep(m, shadow, position, moved, read.data)
            return m
        m.d.sync += self.valid.eq(full)
        with m.If(self.take):
            m.d.sync += [full.eq(0), self.valid.eq(0)]
        # The words shift down through the shadow, so that no word needs an address.
        with m.If(moved):
            m.d.sync += shadow.eq(Cat(shadow[32:], read.data))
        return m

    def _keep(self, m: Module, shadow: Signal, position: Signal, moved: Signal, word: Value) -> None:
        """Every word to the fields that it holds, or a part of: what nobody reads needs no register then."""
        assert self.kept is not None
        number = Signal.like(position, reset_less=True)  # of the word that has moved
        m.d.sync += number.eq(position)
        with m.If(moved), m.Switch(number):
            for k in range(self.word_count):
                with m.Case(k):
                    place = 0
                    for first, width in self.kept:
                        low, high = max(first, 32 * k), min(first + width, 32 * k + 32)
                        if low < high:
                            part = shadow[place + low - first : place + high - first]
                            m.d.sync += part.eq(word[low - 32 * k : high - 32 * k])
                        place += width
