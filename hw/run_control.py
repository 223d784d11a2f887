"""Start, run, end and fault of a program: the one place that knows whether the machine is busy."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.spec.registers import Error


class RunControl(wiring.Component):
    """Makes the start strobe, counts the cycles, and ends a run at its done or at its first error.

    A ``start`` while not busy gives one cycle of ``soft_reset`` (all control state of the grid), then the cycle of
    ``strobe`` (cycle 0), then ``running`` up to the cycle of done or error. Then ``halt`` is high up to the next soft
    reset, and the machine stays busy until ``drained``. Of errors in one cycle the sequencer's counts before the
    memory's, the watchdog's and an abort's.

    Members
    -------
    start, abort : In(1), commands
    finished : In(1), the program is over in this cycle
    sequencer_error, memory_error : In(4), :class:`Error` of this cycle
    watchdog_expired : In(1)
    drained : In(1), no burst is under way on any channel
    soft_reset, strobe, running, halt, busy : Out(1)
    done, error : Out(1) and Out(4), how the last run ended; both 0 from the start on
    cycles : Out(32), number of the present cycle while running, then of the last one
    """

    start: In(1)
    abort: In(1)
    finished: In(1)
    sequencer_error: In(4)
    memory_error: In(4)
    watchdog_expired: In(1)
    drained: In(1)
    soft_reset: Out(1)
    strobe: Out(1)
    running: Out(1)
    halt: Out(1)
    busy: Out(1)
    done: Out(1)
    error: Out(4)
    cycles: Out(32)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        error = Signal(4)
        with m.If(self.sequencer_error != 0):
            m.d.comb += error.eq(self.sequencer_error)
        with m.Elif(self.memory_error != 0):
            m.d.comb += error.eq(self.memory_error)
        with m.Elif(self.watchdog_expired):
            m.d.comb += error.eq(Error.WATCHDOG)
        with m.Elif(self.abort):
            m.d.comb += error.eq(Error.ABORTED)

        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.start):
                    m.d.sync += [self.soft_reset.eq(1), self.busy.eq(1), self.done.eq(0), self.error.eq(0)]
                    m.next = "RESET"
            with m.State("RESET"):
                m.d.sync += [self.soft_reset.eq(0), self.halt.eq(0), self.cycles.eq(0), self.strobe.eq(1)]
                m.next = "START"
            with m.State("START"):
                m.d.sync += [self.strobe.eq(0), self.running.eq(1), self.cycles.eq(1)]
                m.next = "RUN"
            with m.State("RUN"):
                with m.If((error != 0) | self.finished):
                    m.d.sync += [self.running.eq(0), self.halt.eq(1)]
                    m.d.sync += [self.error.eq(error), self.done.eq(error == 0)]
                    m.next = "DRAIN"
                with m.Else():
                    m.d.sync += self.cycles.eq(self.cycles + 1)
            with m.State("DRAIN"):
                with m.If(self.drained):
                    m.d.sync += self.busy.eq(0)
                    m.next = "IDLE"
        return m
