"""Spreads elements: pieces of a few activations, so far apart that several pixels are interleaved at once."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec import isa


def pattern_layout(banks: int) -> data.StructLayout:
    """How activations move: where ``moves[s]`` has bit j, that of place j comes from ``j - (banks >> s + 1)``.

    ``ends`` are written.

    They move upwards, the farther ones first and by halving distances, so that no two of them ever meet.
    """
    stages = (banks - 1).bit_length()
    return data.StructLayout({"moves": data.ArrayLayout(banks, stages), "ends": banks})


def pattern(piece: int, spread: int, banks: int) -> int:
    """The moves of activation i to ``(i // piece) * spread + i % piece``, and all places so reached below ``banks``.

    >>> f"{pattern(1, 3, 4):b}"  # the second moves by two places and ends in place 3, the first stays
    '100100001000'
    """
    places = {i: i // piece * spread + i % piece for i in range(banks)}
    places = {i: place for i, place in places.items() if place < banks}
    stages = (banks - 1).bit_length()
    value = 0
    at = {i: i for i in places}
    for stage in range(stages):
        distance = banks >> (stage + 1)
        for i, place in places.items():
            if (place - i) & distance:
                at[i] += distance
                value |= 1 << (stage * banks + at[i])
    for place in places.values():
        value |= 1 << (stages * banks + place)
    return value


class Spreader(wiring.Component):
    """Places an element's activations, and says which of them are written, in the same cycle: whole, or spread.

    Parameters
    ----------
    banks : activations of the widest element, a power of two from 4
    bits : of an activation

    Members
    -------
    load : In(1), takes ``piece`` and ``spread`` for the elements from the next cycle on
    piece, spread : In, of the LOAD; a piece of 0 leaves elements as they are
    bytes, count : In, an element and its length
    data, enable : Out, activations in their places, and which of them are the element's
    """

    def __init__(self, banks: int, bits: int = 8) -> None:
        if banks < 4 or banks & (banks - 1):
            raise ValueError(f"banks must be a power of two from 4, not {banks!r}")
        self.banks = banks
        self.bits = bits
        super().__init__(
            {
                "load": In(1),
                "piece": In(3),
                "spread": In(6),
                "bytes": In(bits * banks),
                "count": In(range(banks + 1)),
                "data": Out(bits * banks),
                "enable": Out(banks),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        banks = self.banks
        chosen = Signal(pattern_layout(banks), reset_less=True)
        with m.If(self.load):
            m.d.sync += chosen.eq(Const((1 << banks) - 1, banks) << (len(chosen.as_value()) - banks))
            with m.Switch(Cat(self.spread, self.piece)):
                for piece in range(1, isa.PIECE_MAXIMUM + 1):
                    for spread in range(piece + 1, min(banks, 1 << len(self.spread))):
                        with m.Case(piece << len(self.spread) | spread):
                            m.d.sync += chosen.eq(pattern(piece, spread, banks))
        # A signal for each place: in simulation that is faster than masks over all of them.
        values: list[Value] = [self.bytes.word_select(i, self.bits) for i in range(banks)]
        present: Value = Cat(self.count > i for i in range(banks))
        for stage in range((banks - 1).bit_length()):
            distance, moves = banks >> (stage + 1), chosen.moves[stage]
            moved = [Signal(self.bits, name=f"value_{stage}_{i}") for i in range(distance, banks)]
            there = Signal(banks, name=f"present_{stage}")
            m.d.comb += [
                signal.eq(Mux(moves[i], values[i - distance], values[i])) for i, signal in enumerate(moved, distance)
            ]
            m.d.comb += there.eq((present & ~moves) | ((present << distance) & moves))
            values, present = [*values[:distance], *moved], there
        m.d.comb += [self.data.eq(Cat(values)), self.enable.eq(present & chosen.ends)]
        return m
