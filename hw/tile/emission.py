"""Hands the sums of a pixel to the back end, some columns a cycle."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.config import Target
from tileloom.hw.spec.timing import emission_cycles
from tileloom.hw.tile.accumulators import accumulator_layout

PIXEL = data.StructLayout(
    {"first_of_unit": unsigned(1), "first_of_group": unsigned(1), "last_group": unsigned(1), "slot": unsigned(1)}
)
"""What the back end knows of a pixel: the first one of its unit and of its group, whether its group is the unit's
last, and the slot for its results."""

BEAT = data.StructLayout({"valid": unsigned(1), "first": unsigned(1), "last": unsigned(1), "pixel": PIXEL})
"""One cycle's results: whether there are any, whether they are the pixel's first and last ones."""


def beat_sums_layout(target: Target) -> data.ArrayLayout:
    """Sums that the back end takes in a cycle."""
    return data.ArrayLayout(accumulator_layout(target).elem_shape, target.results_per_cycle)


class Emission(wiring.Component):
    """Captures ``sums`` in cycle t and presents ``results_per_cycle`` of them in each emission cycle from t + 1.

    Captures are emission_cycles or more apart.

    Members
    -------
    capture, pixel, sums : In
    beat, beat_sums : Out
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__(
            {
                "capture": In(1),
                "pixel": In(PIXEL),
                "sums": In(accumulator_layout(target)),
                "beat": Out(BEAT),
                "beat_sums": Out(beat_sums_layout(target)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        cycles = emission_cycles(self.target)
        layout = beat_sums_layout(self.target)
        held = Signal(layout.size * cycles, reset_less=True)
        pixel = Signal(PIXEL, reset_less=True)
        under_way = Signal(cycles)  # bit i: beat i is presented
        m.d.sync += under_way.eq(under_way << 1 | self.capture)
        with m.If(self.capture):
            m.d.sync += [held.eq(self.sums), pixel.eq(self.pixel)]
        with m.Elif(under_way.any()):
            m.d.sync += held.eq(held >> layout.size)
        m.d.comb += [
            self.beat.valid.eq(under_way.any()),
            self.beat.first.eq(under_way[0]),
            self.beat.last.eq(under_way[-1]),
            self.beat.pixel.eq(pixel),
            self.beat_sums.eq(held[: layout.size]),
        ]
        return m
