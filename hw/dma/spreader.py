"""Spreads the bytes of an element: pieces of a few bytes, so far apart that several pixels are interleaved at once."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec import isa


def pattern_layout(banks: int) -> data.StructLayout:
    """How bytes move: in stage s byte j of ``moves[s]`` comes from byte ``j - (banks >> s + 1)``; ``ends`` are written.

    Bytes move upwards, the farther ones first and by halving distances, so that no two of them ever meet.
    """
    stages = (banks - 1).bit_length()
    return data.StructLayout({"moves": data.ArrayLayout(banks, stages), "ends": banks})


def pattern(piece: int, spread: int, banks: int) -> int:
    """The moves that bring byte i to ``(i // piece) * spread + i % piece``, and all places so reached below ``banks``.

    >>> f"{pattern(1, 3, 4):b}"  # byte 1 moves by two places and ends in place 3, byte 0 stays
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
    """Places an element's bytes and says which of them are written, in the same cycle; an element is whole or spread.

    Parameters
    ----------
    banks : bytes of the widest element, a power of two from 4

    Members
    -------
    load : In(1), takes ``piece`` and ``spread`` for the elements from the next cycle on
    piece, spread : In, of the LOAD; a piece of 0 leaves elements as they are
    bytes, count : In, of an element
    data, enable : Out, bytes in their places, and which of them are the element's
    """

    def __init__(self, banks: int) -> None:
        if banks < 4 or banks & (banks - 1):
            raise ValueError(f"banks must be a power of two from 4, not {banks!r}")
        self.banks = banks
        super().__init__(
            {
                "load": In(1),
                "piece": In(3),
                "spread": In(6),
                "bytes": In(8 * banks),
                "count": In(range(banks + 1)),
                "data": Out(8 * banks),
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
        value: Value = self.bytes
        present: Value = Cat(self.count > i for i in range(banks))
        for stage in range((banks - 1).bit_length()):
            distance, moves = banks >> (stage + 1), chosen.moves[stage]
            moved, there = Signal(8 * banks, name=f"bytes_{stage}"), Signal(banks, name=f"present_{stage}")
            mask = Cat(moves[i].replicate(8) for i in range(banks))
            m.d.comb += [
                moved.eq((value & ~mask) | ((value << 8 * distance) & mask)),
                there.eq((present & ~moves) | ((present << distance) & moves)),
            ]
            value, present = moved, there
        m.d.comb += [self.data.eq(value), self.enable.eq(present & chosen.ends)]
        return m
