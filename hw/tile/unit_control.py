"""Tile control: jobs, their units, and what a unit waits for."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.descriptor import descriptor_layout
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.registers import Cause
from tileloom.hw.spec.timing import result_latency

CONDITIONS = (
    ("neighbour", Cause.NEIGHBOUR),
    ("window", Cause.WINDOW),
    ("weights", Cause.WEIGHTS),
    ("residual", Cause.RESIDUAL),
    ("slot", Cause.SLOT),
)
"""What a unit waits for, in the order in which an unmet condition is named."""

UNIT = data.StructLayout(
    {"stored": 1, "store": 1, "received": 1, "stores_results": 1, "sends": 1, "adds": 1, "inner_last": 1}
)
"""What kind of unit it is: it begins at stored sums, stores its sums, begins at received sums, its results go to a
slot, or to the neighbour, with a residual; it is the last of its inner loop."""


class State(enum.Enum, shape=2):  # type: ignore[call-arg]
    """Of the tile control."""

    IDLE = 0
    CHECK = 1
    RUN = 2


class UnitControl(wiring.Component):
    """Takes jobs from the descriptor queue and runs their units, one after the other.

    IDLE takes a descriptor; CHECK waits for the unit's conditions; RUN lasts until ``unit_end``.

    Members
    -------
    descriptor, valid, queue_idle : In; take : Out, the queue's shadow
    job : Out, fields of the present job, from CHECK to the end of its last unit
    unit : Out, see ``UNIT``
    neighbour, window, weights, residual, slot : In, the unit's conditions
    check, run : Out, the state
    start : Out, the passing CHECK cycle
    unit_end : In, the last cycle of RUN
    job_start, job_end : Out, the first RUN cycle of a job, and the last one
    cause : Out, what the present cycle is
    idle : Out, see docs/architecture.md
    rest : Out, no job, and no result of one is on its way
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        layout = descriptor_layout(isa.Job, target)
        super().__init__(
            {
                "descriptor": In(layout),
                "valid": In(1),
                "queue_idle": In(1),
                "take": Out(1),
                "job": Out(layout),
                "unit": Out(UNIT),
                **{name: In(1) for name, _ in CONDITIONS},
                "check": Out(1),
                "run": Out(1),
                "start": Out(1),
                "unit_end": In(1),
                "job_start": Out(1),
                "job_end": Out(1),
                "cause": Out(Cause),
                "idle": Out(1),
                **({"rest": Out(1)} if target.compact else {}),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        state = Signal(State)
        first_unit = Signal()
        # A compact machine's descriptor stays in the queue while the tile works on it.
        compact = self.target.compact
        job = self.descriptor if compact else Signal(self.job.shape(), reset_less=True)
        job_last = self._units(m, job)
        m.d.comb += [
            self.job.eq(job),
            self.check.eq(state == State.CHECK),
            self.run.eq(state == State.RUN),
            self.take.eq((state == State.IDLE) & self.valid),
            self.start.eq(self.check & self._all_met()),
            self.job_end.eq(self.unit_end & job_last),
        ]
        m.d.sync += self.job_start.eq(self.start & first_unit)
        with m.If(self.take):
            m.d.sync += [state.eq(State.CHECK), *([] if compact else [job.eq(self.descriptor)]), first_unit.eq(1)]
        with m.If(self.start):
            m.d.sync += [state.eq(State.RUN), first_unit.eq(0)]
        with m.If(self.unit_end):
            m.d.sync += state.eq(Mux(job_last, State.IDLE, State.CHECK))

        with m.If(state == State.IDLE):
            m.d.comb += self.cause.eq(Cause.JOB)
        with m.Elif(state == State.CHECK):
            m.d.comb += self.cause.eq(Cause.START)
            for name, cause in reversed(CONDITIONS):
                with m.If(~getattr(self, name)):
                    m.d.comb += self.cause.eq(cause)
        with m.Else():
            m.d.comb += self.cause.eq(Cause.RUN)

        # Results of the last unit are still on their way for result_latency cycles.
        drain = Signal(range(result_latency(self.target)))
        with m.If(self.unit_end):
            m.d.sync += drain.eq(result_latency(self.target) - 1)
        with m.Elif(drain != 0):
            m.d.sync += drain.eq(drain - 1)
        m.d.comb += self.idle.eq((state == State.IDLE) & self.queue_idle & (drain == 0))
        if compact:
            m.d.comb += self.rest.eq((state == State.IDLE) & (drain == 0))
        return m

    def _all_met(self) -> Value:
        met: Value = getattr(self, CONDITIONS[0][0])
        for name, _ in CONDITIONS[1:]:
            met &= getattr(self, name)
        return met

    def _units(self, m: Module, job: data.View) -> Value:
        """Counts the unit loops and tells the kind of the unit; whether it is the last of its job."""
        inner, outer = Signal(len(job.inner), reset_less=True), Signal(len(job.outer), reset_less=True)
        inner_first = Signal(reset_less=True)
        inner_last, outer_last = inner == 1, outer == 1
        with m.If(self.take):
            m.d.sync += [inner.eq(self.descriptor.inner), outer.eq(self.descriptor.outer), inner_first.eq(1)]
        with m.Elif(self.unit_end & inner_last):
            m.d.sync += [inner.eq(job.inner), outer.eq(outer - 1), inner_first.eq(1)]
        with m.Elif(self.unit_end):
            m.d.sync += [inner.eq(inner - 1), inner_first.eq(0)]

        last = ~job.chunked | inner_last
        sends, receives, adds = job.to_neighbour, job.from_neighbour, job.add
        if not self.target.local_lines:
            sends = receives = Value.cast(0)
        if not self.target.residual_bytes:
            adds = Value.cast(0)
        m.d.comb += [
            self.unit.stored.eq(job.chunked & ~inner_first),
            self.unit.store.eq(~last),
            self.unit.received.eq(receives),
            self.unit.stores_results.eq(last & ~sends),
            self.unit.sends.eq(last & sends),
            self.unit.adds.eq(last & ~sends & adds),
            self.unit.inner_last.eq(inner_last),
        ]
        return inner_last & outer_last
