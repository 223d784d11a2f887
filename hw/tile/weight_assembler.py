"""Beats of line W to weight words, packed without gaps."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.banked_memory import rotate_left


class WeightAssembler(wiring.Component):
    """Cuts the weights of a portion into words of ``word``; takes a beat every cycle.

    A word is out two cycles after the beat that completes it. What the last beat of a portion holds behind the last
    whole word is dropped.

    Parameters
    ----------
    word : weights of a word, at least ``port``
    port : weights of a beat, a power of two
    bits : of a weight
    lean : where words end with beats, neither turn the beats nor keep the word twice; ``o_word`` then has a meaning
        only with ``o_valid``

    Members
    -------
    valid, data, last : In, one beat; ``last`` ends the portion
    o_valid, o_word : Out, one word
    """

    def __init__(self, word: int, port: int, bits: int = 8, *, lean: bool = False) -> None:
        if port & (port - 1) or not 0 < port <= word:
            raise ValueError(f"port must be a power of two of at most {word}, not {port!r}")
        self.word = word
        self.port = port
        self.bits = bits
        self.lean = lean and word % port == 0
        super().__init__(
            {
                "valid": In(1),
                "data": In(bits * port),
                "last": In(1),
                "o_valid": Out(1),
                "o_word": Out(bits * word),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        word, port, bits = self.word, self.port, self.bits
        fill = Signal(range(word))  # weights of the next word that have come
        complete = Signal()
        after = Signal(range(word + port))
        m.d.comb += [after.eq(fill + port), complete.eq(after >= word)]
        with m.If(self.valid):
            m.d.sync += fill.eq(Mux(self.last, 0, Mux(complete, after - word, after)))

        # The beat turned so that each weight stands over its place modulo port, and the places that it takes.
        s1_valid = Signal()
        s1_complete = Signal(reset_less=True)
        s1_beat = Signal(bits * port, reset_less=True)
        s1_places = Signal(word + port, reset_less=True)
        m.d.sync += s1_valid.eq(self.valid)
        with m.If(self.valid):
            m.d.sync += [
                s1_complete.eq(complete),
                s1_beat.eq(self.data if self.lean else rotate_left(m, self.data, fill, "turned", bits)),
                s1_places.eq(Const((1 << port) - 1, port) << fill),
            ]

        # Places below `word` complete the word; those behind begin the next one.
        partial = self.o_word if self.lean else Signal(bits * word, reset_less=True)

        def weight(place: int) -> Value:
            return s1_beat.word_select(place % port, bits)

        whole = Signal(bits * word)
        m.d.comb += [
            whole.word_select(k, bits).eq(Mux(s1_places[k], weight(k), partial.word_select(k, bits)))
            for k in range(word)
        ]
        if self.lean:
            m.d.sync += self.o_valid.eq(s1_valid & s1_complete)
            with m.If(s1_valid):
                m.d.sync += self.o_word.eq(whole)
            return m
        begun = Cat(weight(word + k) for k in range(port))
        m.d.sync += self.o_valid.eq(s1_valid & s1_complete)
        with m.If(s1_valid):
            m.d.sync += [self.o_word.eq(whole), partial.eq(whole)]
            with m.If(s1_complete):
                m.d.sync += partial[: bits * port].eq(begun)
        return m
