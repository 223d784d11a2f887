"""Where the loader reads the staging ring, and what it has freed there."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.descriptor import descriptor_layout
from tileloom.hw.dma.run_addresses import RunAddresses
from tileloom.hw.dma.staging import StagingShape
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target


class StagingCursor(wiring.Component):
    """Follows the runs of a descriptor through the ring: they come in the order in which they were requested.

    Members
    -------
    load : In(1), takes the descriptor ``words``
    take, write : In, activations that the present data element takes and writes
    ends_row : In(1), it is the last of its row
    step : In(1), to the next data element
    position : Out, its first activation in the ring; until : Out, the one behind the last that it writes
    freed : Out, beats that are done with after it, counted modulo
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.staging = StagingShape(target)
        self.layout = descriptor_layout(isa.Load, target)
        size = range(target.window_banks + 1)
        super().__init__(
            {
                "load": In(1),
                "words": In(self.layout.size),
                "take": In(size),
                "write": In(size),
                "ends_row": In(1),
                "step": In(1),
                "position": Out(self.staging.position_bits),
                "until": Out(self.staging.position_bits),
                "freed": Out(self.staging.beat_bits),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        line_bits, position_bits = self.staging.line_bits, self.staging.position_bits
        # Addresses in memory are in bytes; all of them are multiples of an activation.
        unit = self.target.element_bytes.bit_length() - 1
        burst = self.target.burst_bytes // self.target.element_bytes
        burst_bits = (burst - 1).bit_length()
        m.submodules.runs = runs = RunAddresses(self.target, burst_bits + unit)
        following = runs.following[unit:]
        ends_run = Signal()
        given = data.View(self.layout, self.words)
        m.d.comb += [runs.load.eq(self.load), runs.words.eq(self.words), runs.step.eq(self.step & ends_run)]

        rows = given.rows_per_run.shape().width
        rows_per_run, rows_left = Signal(rows, reset_less=True), Signal(rows, reset_less=True)
        one_row, last_row = Signal(reset_less=True), Signal(reset_less=True)  # of a run at all, of this run
        low = Signal(burst_bits, reset_less=True)  # the memory address of the element, from the multiple before
        position, run_start = Signal(position_bits, reset_less=True), Signal(position_bits, reset_less=True)
        to_next = Signal(position_bits, reset_less=True)  # from a run's start into the beat after its last
        freed = Signal(self.staging.beat_bits)  # after the element before

        after = Signal(position_bits)
        beat_after = after[line_bits:]
        low_after = Signal(burst_bits + 1 + self.take.shape().width)
        position_after, next_run = Signal(position_bits), Signal(position_bits)
        m.d.comb += [
            ends_run.eq(self.ends_row & last_row),
            after.eq(run_start + to_next),
            next_run.eq(Cat(following[:line_bits], beat_after)),
            low_after.eq(low + self.take),
            position_after.eq(position + self.take),
            self.position.eq(position),
            self.until.eq(position + self.write),
            self.freed.eq(freed),
        ]
        with m.If(ends_run):
            m.d.comb += self.freed.eq(beat_after)
        with m.Elif(low_after >= burst):
            m.d.comb += self.freed.eq(position_after[line_bits:] - low_after[line_bits:burst_bits])
        with m.If(self.step):
            m.d.sync += freed.eq(self.freed)
        first = Cat(given.address[unit : unit + line_bits], freed)
        begin = {
            "rows_per_run": rows_per_run.eq(given.rows_per_run),
            "rows_left": rows_left.eq(given.rows_per_run),
            "one_row": one_row.eq(given.rows_per_run == 1),
            "last_row": last_row.eq(given.rows_per_run == 1),
            "to_next": to_next.eq(given.run_bytes[unit:] + self.target.port_activations - 1),
            "low": low.eq(given.address[unit:]),
            "position": position.eq(first),
            "run_start": run_start.eq(first),
        }
        if self.target.compact:  # the descriptor stays as long as it is worked on
            m.d.comb += [begin.pop(name) for name in ("rows_per_run", "one_row", "to_next")]
        with m.If(self.load):
            m.d.sync += list(begin.values())
        with m.Elif(self.step & ends_run):
            m.d.sync += [
                rows_left.eq(rows_per_run),
                last_row.eq(one_row),
                low.eq(following),
                position.eq(next_run),
                run_start.eq(next_run),
            ]
        with m.Elif(self.step):
            m.d.sync += [low.eq(low_after), position.eq(position_after)]
            with m.If(self.ends_row):
                m.d.sync += [rows_left.eq(rows_left - 1), last_row.eq(rows_left == 2)]
        return m
