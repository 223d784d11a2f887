"""Where the loader reads the staging ring, and what it has freed there."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tileloom.hw.descriptor import descriptor_layout, descriptor_words
from tileloom.hw.dma.run_addresses import RunAddresses
from tileloom.hw.dma.staging import StagingShape
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target


class StagingCursor(wiring.Component):
    """Follows the runs of a descriptor through the ring: they come in the order in which they were requested.

    Members
    -------
    load : In(1), takes the descriptor ``words``
    visible : In, beats that can be read, counted modulo
    take, write : In, activations that the present data element takes and writes
    ends_row : In(1), it is the last of its row
    step : In(1), it is loaded in this cycle
    position : Out, its first activation in the ring
    present : Out(1), all that it writes is visible
    freed : Out, beats that are done with, counted modulo
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.staging = StagingShape(target)
        size = range(target.window_banks + 1)
        super().__init__(
            {
                "load": In(1),
                "words": In(32 * descriptor_words(isa.Load)),
                "visible": In(self.staging.beat_bits),
                "take": In(size),
                "write": In(size),
                "ends_row": In(1),
                "step": In(1),
                "position": Out(self.staging.position_bits),
                "present": Out(1),
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
        m.submodules.runs = runs = RunAddresses(burst_bits + unit)
        following = runs.following[unit:]
        ends_run = Signal()
        given = data.View(descriptor_layout(isa.Load), self.words)
        m.d.comb += [runs.load.eq(self.load), runs.words.eq(self.words), runs.step.eq(self.step & ends_run)]

        rows_per_run, rows_left = Signal(16, reset_less=True), Signal(16, reset_less=True)
        run_bytes = Signal(position_bits, reset_less=True)  # in activations
        low = Signal(burst_bits, reset_less=True)  # the memory address of the element, from the multiple before
        position, run_start = Signal(position_bits, reset_less=True), Signal(position_bits, reset_less=True)

        beat_after = Signal(self.staging.beat_bits)  # of the run's last
        last_byte = Signal(position_bits)
        low_after = Signal(burst_bits + 1 + self.take.shape().width)
        position_after = Signal(position_bits)
        here = Signal(position_bits)
        m.d.comb += [
            ends_run.eq(self.ends_row & (rows_left == 1)),
            last_byte.eq(run_start + run_bytes - 1),
            beat_after.eq(last_byte[line_bits:] + 1),
            low_after.eq(low + self.take),
            position_after.eq(position + self.take),
            here.eq((self.visible << line_bits) - position),
            self.present.eq(here.as_signed() >= self.write),
            self.position.eq(position),
        ]
        with m.If(self.load):
            first = Cat(given.address[unit : unit + line_bits], self.freed)
            m.d.sync += [
                rows_per_run.eq(given.rows_per_run),
                rows_left.eq(given.rows_per_run),
                run_bytes.eq(given.run_bytes[unit:]),
                low.eq(given.address[unit:]),
                position.eq(first),
                run_start.eq(first),
            ]
        with m.Elif(self.step & ends_run):
            first = Cat(following[:line_bits], beat_after)
            m.d.sync += [
                self.freed.eq(beat_after),
                rows_left.eq(rows_per_run),
                low.eq(following),
                position.eq(first),
                run_start.eq(first),
            ]
        with m.Elif(self.step):
            m.d.sync += [rows_left.eq(rows_left - self.ends_row), low.eq(low_after), position.eq(position_after)]
            with m.If(low_after >= burst):
                m.d.sync += self.freed.eq(position_after[line_bits:] - low_after[line_bits:burst_bits])
        return m
