"""From the operands of a step to sums for the back end: MAC array, accumulators, constants, emission."""

from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.config import Target
from tileloom.hw.spec.timing import mac_latency, tree_stages
from tileloom.hw.tile.accumulators import Accumulators, accumulator_layout
from tileloom.hw.tile.constants import SCALE, Constants
from tileloom.hw.tile.delay import delayed
from tileloom.hw.tile.emission import BEAT, Emission, beat_sums_layout
from tileloom.hw.tile.mac_array import MacArray
from tileloom.hw.tile.step import OPERANDS, step_layout


class Datapath(wiring.Component):
    """Takes a step a cycle.

    Members
    -------
    step : In, see :func:`step_layout`, issued in cycle s
    window, word : In, its activations and its weight or constants word, in cycle s + OPERANDS
    receive, receive_entry, receive_sums : In, sums of the neighbour for the accumulator memory
    summed, sums : Out, the step of cycle s in cycle s + mac_latency, when its pixel's sums stand in ``sums``
    beat, beat_sums, scales : Out, for the back end, from s + mac_latency + 1 on
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__(
            {
                "step": In(step_layout(target)),
                "window": In(target.activation_bits * target.window_banks),
                "word": In(8 * target.word_bytes),
                "receive": In(1),
                "receive_entry": In(range(target.accumulator_entries)),
                "receive_sums": In(accumulator_layout(target)),
                "summed": Out(step_layout(target)),
                "sums": Out(accumulator_layout(target)),
                "beat": Out(BEAT),
                "beat_sums": Out(beat_sums_layout(target)),
                "scales": Out(data.ArrayLayout(SCALE, target.results_per_cycle)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        target = self.target
        m.submodules.array = array = MacArray(target)
        m.submodules.accumulators = accumulators = Accumulators(target)
        m.submodules.constants = constants = Constants(target)
        m.submodules.emission = emission = Emission(target)
        steps = delayed(m, self.step, mac_latency(target), "step")
        operands, summed = steps[OPERANDS], steps[-1]
        m.d.comb += [
            array.valid.eq(operands.accumulate.step),
            array.window.eq(self.window),
            array.weights.eq(self.word),
            array.channelwise.eq(operands.channelwise),
            array.maximum.eq(operands.accumulate.maximum),
            constants.valid.eq(operands.constants),
            constants.index.eq(operands.constants_index),
            constants.word.eq(self.word),
            constants.activate.eq(summed.activate),
            constants.rotate.eq(emission.beat.valid),
            accumulators.flags.eq(steps[OPERANDS + tree_stages(target.lanes)].accumulate),
            accumulators.ahead.eq(steps[OPERANDS + tree_stages(target.lanes) - 1].accumulate),
            accumulators.bias.eq(constants.bias),
            accumulators.tree.eq(array.sums),
            accumulators.receive.eq(self.receive),
            accumulators.receive_entry.eq(self.receive_entry),
            accumulators.receive_sums.eq(self.receive_sums),
            emission.capture.eq(summed.capture),
            emission.pixel.eq(summed.pixel),
            emission.sums.eq(accumulators.sums),
            self.summed.eq(summed),
            self.sums.eq(accumulators.sums),
            self.beat.eq(emission.beat),
            self.beat_sums.eq(emission.beat_sums),
            self.scales.eq(constants.scales),
        ]
        return m
