"""Where the units of a tile read: the bases of window and weights, and how far each unit moves them."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.descriptor import descriptor_layout
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.tile.weight_buffer import ring_sum


class Bases(wiring.Component):
    """Bases move in the cycle of ``unit_end``; ``inner_last`` adds the outer amounts.

    The sums are prepared in registers: ``job`` and ``inner_last`` hold two cycles before ``unit_end`` at least.

    Members
    -------
    job, unit_end, inner_last : In
    window, weights : Out, the present bases
    window_left, window_released, weights_left, weights_released : Out, how far ``unit_end`` moves base and tail
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__(
            {
                "job": In(descriptor_layout(isa.Job, target)),
                "unit_end": In(1),
                "inner_last": In(1),
                "window": Out(range(target.window_activations)),
                "weights": Out(range(target.weight_words)),
                "window_left": Out(signed(26)),
                "window_released": Out(26),
                "weights_left": Out(signed(26)),
                "weights_released": Out(26),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        job = self.job
        for port, inner, outer in (
            (self.window_left, job.window_inner, job.window_outer),
            (self.window_released, job.window_free_inner, job.window_free_outer),
            (self.weights_left, job.weights_inner, job.weights_outer),
            (self.weights_released, job.weights_free_inner, job.weights_free_outer),
        ):
            m.d.sync += port.eq(inner + Mux(self.inner_last, outer, 0))

        depth = self.target.weight_words
        amount = signed(depth.bit_length() + 1)
        inner, outer = Signal(amount), Signal(amount)
        after_inner, after_outer = Signal.like(self.weights), Signal.like(self.weights)
        m.d.comb += [inner.eq(job.weights_inner), outer.eq(job.weights_outer)]
        m.d.sync += [
            after_inner.eq(ring_sum(self.weights, inner, depth)),
            after_outer.eq(ring_sum(after_inner, outer, depth)),
        ]
        with m.If(self.unit_end):
            m.d.sync += [
                self.window.eq(self.window + self.window_left),
                self.weights.eq(Mux(self.inner_last, after_outer, after_inner)),
            ]
        return m
