"""The accelerator: smart DMA, sequencer, grid and registers between one AXI4 port and one AXI4-Lite port."""

from amaranth.hdl import Cat, Module, ResetInserter
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tileloom.hw.cause_counters import CauseCounters
from tileloom.hw.dma.axi import AxiMaster
from tileloom.hw.dma.smart_dma import SmartDma
from tileloom.hw.grid import Grid
from tileloom.hw.registers_axi import AxiLite, RegistersAxi
from tileloom.hw.run_control import RunControl
from tileloom.hw.sequencer import Sequencer
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.registers import Cause
from tileloom.hw.watchdog import Watchdog


class Trace(wiring.Signature):
    """What a bench watches, in the cycle in which it happens; nothing depends on it.

    ``start`` marks cycle 0, ``running`` the cycles from 1 to the run's last. For tile t: bit t of ``job_start`` and
    ``job_end``, bits 3t of ``cause``, bits 16t of ``tag``.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(
            {
                "start": Out(1),
                "running": Out(1),
                "job_start": Out(target.tiles),
                "job_end": Out(target.tiles),
                "cause": Out(3 * target.tiles),
                "tag": Out(16 * target.tiles),
            }
        )


class Accelerator(wiring.Component):
    """A whole machine of a target.

    Parameters
    ----------
    tiles_apart : the tiles are instances of a Verilog module that is made apart (``hw/grid.py``)

    Members
    -------
    memory : AXI4 master
    control : AXI4-Lite slave, the registers of ``hw/spec/registers.py``
    interrupt : Out(1)
    trace : Out(Trace)
    """

    def __init__(self, target: Target, *, tiles_apart: bool = False) -> None:
        self.target = target
        self.tiles_apart = tiles_apart
        super().__init__(
            {
                "memory": Out(AxiMaster(target)),
                "control": In(AxiLite()),
                "interrupt": Out(1),
                "trace": Out(Trace(target)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        target = self.target
        m.submodules.control = control = RunControl()
        m.submodules.registers = registers = RegistersAxi(target)
        counters = CauseCounters(target.tiles) if target.counters else None
        if counters is not None:
            m.submodules.counters = counters
        m.submodules.watchdog = watchdog = Watchdog(target.watchdog_cycles)
        grid = Grid(target, tiles_apart=self.tiles_apart)
        m.submodules.grid = grid  # resets its tiles itself
        dma, sequencer = SmartDma(target), Sequencer(target)
        m.submodules.dma = ResetInserter(control.soft_reset)(dma)
        m.submodules.sequencer = ResetInserter(control.soft_reset)(sequencer)

        connect(m, dma.axi, flipped(self.memory))
        connect(m, registers.bus, flipped(self.control))
        self._join_sequencer(m, sequencer, dma, grid, control)
        self._join_lines(m, dma, grid)
        self._join_control(m, control, registers, dma, sequencer, grid)
        self._watch(m, watchdog, control, dma, sequencer, grid)
        if counters is not None:
            self._count(m, counters, control, grid)
            for number in range(len(Cause)):
                m.d.comb += registers.counts[number].eq(counters.counts[number])
        for tile, status in enumerate(grid.status):
            m.d.comb += [registers.causes[tile].eq(status.cause), registers.tags[tile].eq(status.tag)]
        m.d.comb += self.interrupt.eq(registers.interrupt)
        self._show(m, control, grid)
        return m

    def _join_sequencer(self, m: Module, sequencer: Sequencer, dma: SmartDma, grid: Grid, control: RunControl) -> None:
        """The program in, the configuration bus out."""
        connect(m, sequencer.load, dma.load_addresses)
        connect(m, sequencer.loader, dma.loader)
        connect(m, sequencer.weights, dma.weights)
        connect(m, sequencer.store, dma.store)
        for tile in range(self.target.tiles):
            connect(m, sequencer.tiles[tile], grid.configuration[tile])
        m.d.comb += [
            sequencer.word.eq(dma.word),
            sequencer.word_valid.eq(dma.word_valid),
            dma.pop.eq(sequencer.pop),
            sequencer.running.eq(control.running),
            sequencer.units_idle.eq(dma.loads_idle & dma.loader_idle & dma.weights_idle & dma.stores_idle),
            sequencer.tiles_idle.eq(Cat(status.idle for status in grid.status)),
        ]

    def _join_lines(self, m: Module, dma: SmartDma, grid: Grid) -> None:
        connect(m, dma.activations, grid.activations)
        connect(m, dma.weight_line, grid.weights)
        connect(m, dma.activation_space, grid.reserve_activations)
        connect(m, dma.weight_space, grid.reserve_weights)
        for tile in range(self.target.tiles):
            connect(m, dma.slots[tile], grid.slots[tile])

    def _join_control(
        self,
        m: Module,
        control: RunControl,
        registers: RegistersAxi,
        dma: SmartDma,
        sequencer: Sequencer,
        grid: Grid,
    ) -> None:
        """Commands to everybody, and everybody's state to the registers."""
        m.d.comb += [
            control.start.eq(registers.start),
            control.abort.eq(registers.abort),
            control.finished.eq(sequencer.done),
            control.sequencer_error.eq(sequencer.error),
            control.memory_error.eq(dma.error),
            control.drained.eq(dma.drained),
            dma.start.eq(control.strobe),
            dma.halt.eq(control.halt),
            dma.window_base.eq(registers.window_base),
            dma.window_bytes.eq(registers.window_bytes),
            dma.program_address.eq(registers.program_address),
            dma.program_bytes.eq(registers.program_bytes),
            sequencer.program_words.eq(registers.program_bytes[2:]),
            grid.soft_reset.eq(control.soft_reset),
            grid.active.eq(control.running),
            registers.busy.eq(control.busy),
            registers.done.eq(control.done),
            registers.error.eq(control.error),
            registers.cycles.eq(control.cycles),
            registers.program_counter.eq(sequencer.program_counter),
            registers.stored.eq(dma.stored),
        ]

    def _watch(
        self,
        m: Module,
        watchdog: Watchdog,
        control: RunControl,
        dma: SmartDma,
        sequencer: Sequencer,
        grid: Grid,
    ) -> None:
        runs = Cat(status.running for status in grid.status).any()
        m.d.comb += [
            watchdog.running.eq(control.running),
            watchdog.progress.eq(sequencer.pop | dma.progress | runs),
            control.watchdog_expired.eq(watchdog.expired),
        ]

    def _count(self, m: Module, counters: CauseCounters, control: RunControl, grid: Grid) -> None:
        m.d.comb += [counters.running.eq(control.running), counters.clear.eq(control.soft_reset)]
        m.d.comb += [counters.causes[tile].eq(status.cause) for tile, status in enumerate(grid.status)]

    def _show(self, m: Module, control: RunControl, grid: Grid) -> None:
        m.d.comb += [
            self.trace.start.eq(control.strobe),
            self.trace.running.eq(control.running),
            self.trace.job_start.eq(Cat(status.job_start for status in grid.status)),
            self.trace.job_end.eq(Cat(status.job_end for status in grid.status)),
            self.trace.cause.eq(Cat(status.cause for status in grid.status)),
            self.trace.tag.eq(Cat(status.tag for status in grid.status)),
        ]
