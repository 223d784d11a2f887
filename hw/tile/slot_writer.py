"""Where the results of a beat go in their output slot, and how many of them."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.config import Target
from tileloom.hw.tile.emission import BEAT
from tileloom.hw.tile.requantise import value_layout
from tileloom.hw.tile.result_address import ResultAddress


class SlotWriter(wiring.Component):
    """Turns a beat of results into a write of activations, presented in the next cycle.

    Members
    -------
    beat, values : In; the low bits of each value are written, as many as an activation has
    slot_pitch, slot_group, last_valid : In, in the same cycle: columns from ``last_valid`` on are left out in the
        last group
    slot, address, data, count : Out, a write of ``count`` activations
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        results = target.results_per_cycle
        super().__init__(
            {
                "beat": In(BEAT),
                "values": In(value_layout(results)),
                "slot_pitch": In(12),
                "slot_group": In(12),
                "last_valid": In(8),
                "slot": Out(1),
                "address": Out(range(target.slot_activations)),
                "data": Out(data.ArrayLayout(target.activation_bits, results)),
                "count": Out(range(results + 1)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        target = self.target
        beat, results = self.beat, target.results_per_cycle
        m.submodules.place = place = ResultAddress(len(self.address), results)
        m.d.comb += [
            place.beat.eq(beat),
            place.base.eq(0),
            place.pitch.eq(self.slot_pitch),
            place.group_pitch.eq(self.slot_group),
        ]
        left = Signal(range(256), reset_less=True)  # columns of the pixel from this beat on, behind its first
        valid, present = Signal(8), Signal(8)
        m.d.comb += [
            valid.eq(Mux(beat.pixel.last_group & (self.last_valid < target.columns), self.last_valid, target.columns)),
            present.eq(Mux(beat.first, valid, left)),
        ]
        m.d.sync += self.count.eq(0)
        with m.If(beat.valid):
            m.d.sync += [
                left.eq(Mux(present > results, present - results, 0)),
                self.count.eq(Mux(present > results, results, present)),
                self.slot.eq(beat.pixel.slot),
                self.address.eq(place.address),
                self.data.as_value().eq(Cat(self.values[i][: target.activation_bits] for i in range(results))),
            ]
        return m
