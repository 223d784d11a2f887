"""The loop nest of a unit: which loop advances in each cycle, and where the unit stands."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.descriptor import descriptor_layout
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target

LEVELS = (
    ("steps", "step_window"),
    ("kernel_x", "kernel_x_window"),
    ("kernel_y", "kernel_y_window"),
    ("slices", "slice_window"),
    ("sub_x", "sub_x_window"),
    ("sub_y", "sub_y_window"),
    ("pixels_x", "pixel_x_window"),
    ("pixels_y", "pixel_y_window"),
    ("groups", "group_window"),
)
"""Count and stride of every loop, innermost first."""
REDUCTION = 4
"""So many of them are the steps of one pixel."""


class LoopNest(wiring.Component):
    """Walks a unit: for each group its constants, then its pixels of idle cycles and steps.

    A pixel's idle cycles come before its steps, so that its last step is a pixel's length behind whatever ran before
    it; outside of the tile nobody can tell.

    While ``load``, the nest stands at the unit's first cycle; each cycle of ``run`` is one cycle of the unit. All
    outputs tell about the present cycle and come from registers.

    Members
    -------
    job : In, fields of a JOB, constant from ``load`` to the unit's end
    load, run : In
    advance : Out, one bit per loop of ``LEVELS``: this loop goes on (and those within begin anew)
    next_loop : Out, the same for the next step, whether or not one is issued; where no loop goes on, 0
    constants, constants_index, constants_last : Out, a constants word is read; its number; it is the group's last
    step : Out, a step is issued
    first_step, last_step : Out, of its pixel
    pixel_end : Out, the last cycle of a pixel
    first_pixel : Out, of its group
    first_group, last_group : Out, of the unit
    number : Out, running number of the pixel in the unit, groups included
    unit_end : Out, the unit's last cycle
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__(
            {
                "job": In(descriptor_layout(isa.Job, target)),
                "load": In(1),
                "run": In(1),
                "advance": Out(len(LEVELS)),
                "next_loop": Out(len(LEVELS)),
                "constants": Out(1),
                "constants_index": Out(range(target.constant_words)),
                "constants_last": Out(1),
                "step": Out(1),
                "first_step": Out(1),
                "last_step": Out(1),
                "pixel_end": Out(1),
                "first_pixel": Out(1),
                "first_group": Out(1),
                "last_group": Out(1),
                "number": Out(range(target.accumulator_entries)),
                "unit_end": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        at_last = Signal(len(LEVELS), reset_less=True)
        in_constants, in_idle = Signal(), Signal()
        group_end = Signal()

        m.d.comb += [
            self.constants.eq(self.run & in_constants),
            self.step.eq(self.run & ~in_constants & ~in_idle),
            self.last_step.eq(at_last[:REDUCTION].all()),
            self.pixel_end.eq(self.step & self.last_step),
            group_end.eq(self.pixel_end & at_last[REDUCTION:-1].all()),
            self.last_group.eq(at_last[-1]),
            self.unit_end.eq(group_end & self.last_group),
        ]
        for level in range(len(LEVELS)):
            self._count(m, level, at_last)
        self._place(m)

        # Constants; then each pixel's idle cycles and its steps.
        index_last = self.constants_index == self.target.constant_words - 1
        m.d.comb += self.constants_last.eq(self.constants & index_last)
        with m.If(self.load | self.advance[-1]):
            m.d.sync += [in_constants.eq(1), self.constants_index.eq(0)]
        with m.Elif(self.constants):
            m.d.sync += [in_constants.eq(~index_last), self.constants_index.eq(self.constants_index + 1)]
        has_idle, idle_last = Signal(reset_less=True), Signal(reset_less=True)
        idle_left = Signal.like(self.job.idle, reset_less=True)
        with m.If(self.load):
            m.d.sync += has_idle.eq(self.job.idle != 0)
        with m.If(self.constants_last | self.pixel_end):
            m.d.sync += [in_idle.eq(has_idle), idle_left.eq(self.job.idle), idle_last.eq(self.job.idle == 1)]
        with m.Elif(in_idle):
            m.d.sync += [in_idle.eq(~idle_last), idle_left.eq(idle_left - 1), idle_last.eq(idle_left == 2)]
        return m

    def _count(self, m: Module, level: int, at_last: Signal) -> None:
        """One loop: it counts down from its count to 1, and a register tells that it is there."""
        count = self.job[LEVELS[level][0]]
        left = Signal.like(count, name=f"left_{LEVELS[level][0]}", reset_less=True)
        within = at_last[:level] if level < REDUCTION else at_last[REDUCTION:level]
        go = self.step if level < REDUCTION else self.pixel_end
        m.d.comb += [
            self.advance[level].eq(go & within.all() & ~at_last[level]),
            self.next_loop[level].eq(at_last[:level].all() & ~at_last[level]),
        ]
        restart = self.load | self.advance[level + 1 :].any()
        if level < REDUCTION:
            restart |= self.pixel_end
        with m.If(restart):
            m.d.sync += [left.eq(count), at_last[level].eq(count == 1)]
        with m.Elif(self.advance[level]):
            m.d.sync += [left.eq(left - 1), at_last[level].eq(left == 2)]

    def _place(self, m: Module) -> None:
        """Where the unit stands: first step, first pixel, first group, and the pixel's number."""
        with m.If(self.load | self.pixel_end):
            m.d.sync += self.first_step.eq(1)
        with m.Elif(self.step):
            m.d.sync += self.first_step.eq(0)
        with m.If(self.load):
            m.d.sync += [self.first_pixel.eq(1), self.first_group.eq(1), self.number.eq(0)]
        with m.Elif(self.pixel_end):
            m.d.sync += [self.first_pixel.eq(self.advance[-1]), self.number.eq(self.number + 1)]
            with m.If(self.advance[-1]):
                m.d.sync += self.first_group.eq(0)
