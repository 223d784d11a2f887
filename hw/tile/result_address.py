"""Byte address of the results of a beat, in an output slot or in the residual log."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.tile.emission import BEAT


class ResultAddress(wiring.Component):
    """``base + number * pitch + group * group_pitch + column``, by adding from beat to beat.

    Parameters
    ----------
    bits : of the address, which wraps
    results : columns of a beat

    Members
    -------
    beat : In, beats in order; a pixel's beats follow each other
    base : In, with the first beat of a unit
    pitch, group_pitch : In
    address : Out, of the present beat's first column, in the same cycle
    """

    def __init__(self, bits: int, results: int) -> None:
        self.bits = bits
        self.results = results
        super().__init__(
            {
                "beat": In(BEAT),
                "base": In(bits),
                "pitch": In(12),
                "group_pitch": In(12),
                "address": Out(bits),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        pixel = self.beat.pixel
        group = Signal(self.bits, reset_less=True)  # where the present group began
        number = Signal(self.bits, reset_less=True)  # where the last pixel began
        column = Signal(self.bits, reset_less=True)  # where the next beat of the pixel begins
        begins, after = Signal(self.bits), Signal(self.bits)
        with m.If(pixel.first_of_unit):
            m.d.comb += begins.eq(self.base)
        with m.Elif(pixel.first_of_group):
            m.d.comb += begins.eq(group + self.group_pitch)
        with m.Else():
            m.d.comb += begins.eq(number + self.pitch)
        m.d.comb += [self.address.eq(Mux(self.beat.first, begins, column)), after.eq(self.address + self.results)]
        with m.If(self.beat.valid):
            m.d.sync += column.eq(after)
            with m.If(self.beat.first):
                m.d.sync += number.eq(begins)
                with m.If(pixel.first_of_group):
                    m.d.sync += group.eq(begins)
        return m
