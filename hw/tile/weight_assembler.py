"""Beats of line W to weight words, packed without gaps."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.banked_memory import rotate_left_bytes


class WeightAssembler(wiring.Component):
    """Cuts the bytes of a portion into words of ``word_bytes``; takes a beat every cycle.

    A word is out two cycles after the beat that completes it. What the last beat of a portion holds behind the last
    whole word is dropped.

    Parameters
    ----------
    word_bytes : bytes of a word, at least ``port_bytes``
    port_bytes : bytes of a beat, a power of two

    Members
    -------
    valid, data, last : In, one beat; ``last`` ends the portion
    o_valid, o_word : Out, one word
    """

    def __init__(self, word_bytes: int, port_bytes: int) -> None:
        if port_bytes & (port_bytes - 1) or not 0 < port_bytes <= word_bytes:
            raise ValueError(f"port_bytes must be a power of two of at most {word_bytes}, not {port_bytes!r}")
        self.word_bytes = word_bytes
        self.port_bytes = port_bytes
        super().__init__(
            {
                "valid": In(1),
                "data": In(8 * port_bytes),
                "last": In(1),
                "o_valid": Out(1),
                "o_word": Out(8 * word_bytes),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        word, port = self.word_bytes, self.port_bytes
        fill = Signal(range(word))  # bytes of the next word that have come
        complete = Signal()
        after = Signal(range(word + port))
        m.d.comb += [after.eq(fill + port), complete.eq(after >= word)]
        with m.If(self.valid):
            m.d.sync += fill.eq(Mux(self.last, 0, Mux(complete, after - word, after)))

        # The beat turned so that each byte stands over its place modulo port_bytes, and the places that it takes.
        s1_valid = Signal()
        s1_complete = Signal(reset_less=True)
        s1_beat = Signal(8 * port, reset_less=True)
        s1_places = Signal(word + port, reset_less=True)
        m.d.sync += s1_valid.eq(self.valid)
        with m.If(self.valid):
            m.d.sync += [
                s1_complete.eq(complete),
                s1_beat.eq(rotate_left_bytes(m, self.data, fill, "turned")),
                s1_places.eq(Const((1 << port) - 1, port) << fill),
            ]

        # Places below word_bytes complete the word; those behind begin the next one.
        partial = Signal(8 * word, reset_less=True)

        def byte(place: int) -> Value:
            return s1_beat.word_select(place % port, 8)

        whole = Signal(8 * word)
        m.d.comb += [
            whole.word_select(k, 8).eq(Mux(s1_places[k], byte(k), partial.word_select(k, 8))) for k in range(word)
        ]
        begun = Cat(byte(word + k) for k in range(port))
        m.d.sync += self.o_valid.eq(s1_valid & s1_complete)
        with m.If(s1_valid):
            m.d.sync += [self.o_word.eq(whole), partial.eq(whole)]
            with m.If(s1_complete):
                m.d.sync += partial[: 8 * port].eq(begun)
        return m
