"""A tile: window, weights, MAC array, accumulators, back end and output slots, and the control that runs its jobs."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped

from tileloom.hw.descriptor import descriptor_words, kept_bits
from tileloom.hw.descriptor_queue import DescriptorQueue
from tileloom.hw.interfaces import TilePorts
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.timing import JOB_QUEUE_WORDS, partial_latency, result_latency
from tileloom.hw.tile.activation_buffer import ActivationBuffer
from tileloom.hw.tile.back_end import BackEnd
from tileloom.hw.tile.bases import Bases
from tileloom.hw.tile.datapath import Datapath
from tileloom.hw.tile.delay import delayed
from tileloom.hw.tile.job_parameters import JobParameters
from tileloom.hw.tile.loop_nest import LoopNest
from tileloom.hw.tile.output_slots import OutputSlots
from tileloom.hw.tile.partial_receiver import PartialReceiver
from tileloom.hw.tile.step import OPERANDS
from tileloom.hw.tile.unit_control import UnitControl
from tileloom.hw.tile.weight_buffer import WeightBuffer
from tileloom.hw.tile.weight_walk import WeightWalk
from tileloom.hw.tile.window_walk import WindowWalk


class Tile(wiring.Component):
    """One tile of the grid; ports and cycles as in ``hw/interfaces.py`` and ``docs/architecture.md``.

    A step issued in cycle s presents its window address in s + 1, has its operands in s + 4 and its sum in the
    accumulators in s + mac_latency; the back end begins one cycle after a pixel's last sum.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        super().__init__(dict(TilePorts(target).members.items()))

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        target = self.target
        m.submodules.queue = queue = DescriptorQueue(
            descriptor_words(isa.Job), JOB_QUEUE_WORDS, kept_bits(isa.Job, target)
        )
        m.submodules.control = self._control = control = UnitControl(target)
        m.submodules.nest = self._nest = nest = LoopNest(target)
        m.submodules.bases = bases = Bases(target)
        m.submodules.slots = self._slots = OutputSlots(target)
        m.submodules.datapath = self._datapath = Datapath(target)
        m.submodules.back_end = self._back_end = BackEnd(target)
        m.d.comb += [
            control.descriptor.eq(queue.words),
            control.valid.eq(queue.valid),
            control.queue_idle.eq(queue.idle),
            queue.take.eq(control.take),
            nest.job.eq(control.job),
            nest.load.eq(control.check),
            nest.run.eq(control.run),
            control.unit_end.eq(nest.unit_end),
            bases.job.eq(control.job),
            bases.unit_end.eq(nest.unit_end),
            bases.inner_last.eq(control.unit.inner_last),
        ]
        if target.compact:
            m.d.comb += queue.rest.eq(control.rest)
        self._configure(m, queue)
        self._show(m)
        self._window(m, bases)
        self._weights(m, bases)
        if target.residual_bytes:
            self._residual(m)
        else:
            m.d.comb += control.residual.eq(1)
        self._step(m)
        self._finish(m)
        if target.local_lines:
            self._neighbours(m)
        else:
            m.d.comb += control.neighbour.eq(1)
        return m

    def _after_unit(self, m: Module, kind: str, cycles: int) -> Any:
        """High ``cycles`` cycles after the end of a unit of this kind."""
        event = Signal(name=f"{kind}_end")
        m.d.comb += event.eq(self._nest.unit_end & self._control.unit[kind])
        return delayed(m, event, cycles, f"{kind}_end")[-1]

    def _configure(self, m: Module, queue: DescriptorQueue) -> None:
        """Configuration bus: descriptors, and the table; a descriptor word begins the table anew."""
        line, table = self.configuration, self._back_end.table
        connect(m, flipped(line), queue.configuration)
        m.d.comb += [
            table.valid.eq(line.valid & line.table),
            table.start.eq(line.table_start | (line.valid & ~line.table)),
            table.word.eq(line.data),
        ]

    def _show(self, m: Module) -> None:
        """What the grid sees of the control."""
        control = self._control
        m.d.comb += [
            self.status.idle.eq(control.idle),
            self.status.cause.eq(control.cause),
            self.status.tag.eq(control.job.tag),
            self.status.job_start.eq(control.job_start),
            self.status.job_end.eq(control.job_end),
            self.status.running.eq(control.run),
        ]

    def _buffer(self, size: int, output_register: bool) -> ActivationBuffer:
        return ActivationBuffer(size, self.target.window_banks, output_register, self.target.activation_bits)

    def _fill(self, m: Module, buffer: ActivationBuffer, *, is_residual: bool) -> None:
        """Line A and its reservations into one of the buffers."""
        line, reserve = self.activations, self.reserve_activations
        m.d.comb += [
            buffer.valid.eq(line.mask & (line.destination == is_residual)),
            buffer.offset.eq(line.offset),
            buffer.enable.eq(line.enable),
            buffer.data.eq(line.data),
            buffer.last.eq(line.last),
            buffer.advance.eq(line.advance),
            buffer.use.amount.eq(reserve.amount),
            buffer.use.claim.eq(reserve.claim & (reserve.destination == is_residual)),
        ]
        with m.If(reserve.destination == is_residual):
            m.d.comb += reserve.room.eq(buffer.use.room)

    def _window(self, m: Module, bases: Bases) -> None:
        """Window buffer, its log, and the activations of each step."""
        control, nest = self._control, self._nest
        m.submodules.window_walk = walk = WindowWalk(self.target)
        m.submodules.window = window = self._buffer(self.target.window_activations, True)
        self._fill(m, window, is_residual=False)
        m.d.comb += [
            walk.job.eq(control.job),
            walk.load.eq(control.check),
            walk.base.eq(bases.window),
            walk.advance.eq(nest.advance),
            walk.next_loop.eq(nest.next_loop),
            window.use.span.eq(control.job.window_span),
            window.use.leave.eq(nest.unit_end),
            window.use.left.eq(bases.window_left),
            window.use.release.eq(nest.unit_end),
            window.use.released.eq(bases.window_released),
            control.window.eq(window.use.ready),
            window.read_address.eq(delayed(m, walk.address, 1, "window_address", reset_less=True)[-1]),
            self._datapath.window.eq(window.read_data),
        ]

    def _weights(self, m: Module, bases: Bases) -> None:
        """Weight ring, its log, and the word of each step."""
        control, nest, line, reserve = self._control, self._nest, self.weights, self.reserve_weights
        m.submodules.weight_walk = walk = WeightWalk(self.target)
        m.submodules.weight_buffer = weights = WeightBuffer(self.target)
        m.d.comb += [
            weights.valid.eq(line.mask),
            weights.data.eq(line.data),
            weights.last.eq(line.last),
            weights.words.eq(line.words),
            weights.use.amount.eq(reserve.amount),
            weights.use.claim.eq(reserve.claim),
            reserve.room.eq(weights.use.room),
            walk.load.eq(control.check),
            walk.base.eq(bases.weights),
            walk.group_words.eq(control.job.group_words),
            walk.constants.eq(nest.constants),
            walk.constants_last.eq(nest.constants_last),
            walk.step.eq(nest.step),
            walk.pixel_end.eq(nest.pixel_end),
            walk.group_next.eq(nest.advance[-1]),
            weights.use.span.eq(control.job.weights_span),
            weights.use.leave.eq(nest.unit_end),
            weights.use.left.eq(bases.weights_left),
            weights.use.release.eq(nest.unit_end),
            weights.use.released.eq(bases.weights_released),
            control.weights.eq(weights.use.ready),
            weights.read_address.eq(delayed(m, walk.address, OPERANDS - 2, "weight_address", reset_less=True)[-1]),
            self._datapath.word.eq(weights.read_data),
        ]

    def _residual(self, m: Module) -> None:
        """Residual buffer; its activations are free when the back end has read them."""
        control, back_end = self._control, self._back_end
        m.submodules.residual = residual = self._buffer(self.target.residual_activations, False)
        latency, span, keep = result_latency(self.target), control.job.residual_span, []
        if not self.target.compact:
            # The units' results reach their slots when the tile may already run the next job.
            m.submodules.residual_spans = spans = JobParameters("residual_span")
            span = spans.fields.residual_span
            keep = [
                spans.values.eq(spans.of(control.job)),
                spans.push.eq(control.job_start),
                spans.fetch.eq(delayed(m, control.job_start, latency - 2, "residual_job")[-1]),
            ]
        self._fill(m, residual, is_residual=True)
        m.d.comb += [
            *keep,
            residual.use.span.eq(control.job.residual_span),
            residual.use.leave.eq(self._nest.unit_end & control.unit.adds),
            residual.use.left.eq(control.job.residual_span),
            residual.use.release.eq(self._after_unit(m, "adds", latency - 1)),
            residual.use.released.eq(span),
            control.residual.eq(residual.use.ready | ~control.unit.adds),
            residual.read_address.eq(back_end.residual_address),
            back_end.residual_data.eq(residual.read_data),
        ]

    def _step(self, m: Module) -> None:
        """What travels beside the present cycle's step."""
        control, nest, mode, step = self._control, self._nest, self._control.job.mode, self._datapath.step
        last = nest.step & nest.last_step
        m.d.comb += [
            step.constants.eq(nest.constants),
            step.constants_index.eq(nest.constants_index),
            step.channelwise.eq(mode != isa.Mode.DENSE),
            step.accumulate.step.eq(nest.step),
            step.accumulate.first.eq(nest.first_step),
            step.accumulate.last.eq(nest.last_step),
            step.accumulate.maximum.eq(mode == isa.Mode.MAXIMUM),
            step.accumulate.stored.eq(control.unit.stored),
            step.accumulate.received.eq(control.unit.received),
            step.accumulate.store.eq(control.unit.store),
            step.activate.eq(last & nest.first_pixel),
            step.capture.eq(last & control.unit.stores_results),
            step.pixel.first_of_unit.eq(nest.first_pixel & nest.first_group),
            step.pixel.first_of_group.eq(nest.first_pixel),
            step.pixel.last_group.eq(nest.last_group),
            step.pixel.slot.eq(self._slots.claimed),
            step.send.eq(last & control.unit.sends),
            step.number.eq(nest.number),
        ]
        if not self.target.local_lines:
            m.d.comb += step.accumulate.entry.eq(nest.number)

    def _finish(self, m: Module) -> None:
        """Back end and output slots."""
        control, datapath, back_end, slots = self._control, self._datapath, self._back_end, self._slots
        connect(m, flipped(self.slot), slots.line)
        m.d.comb += [
            back_end.job.eq(control.job),
            back_end.job_start.eq(control.job_start),
            back_end.beat.eq(datapath.beat),
            back_end.sums.eq(datapath.beat_sums),
            back_end.scales.eq(datapath.scales),
            slots.claim.eq(control.start & control.unit.stores_results),
            slots.fill.eq(self._after_unit(m, "stores_results", result_latency(self.target) - 1)),
            slots.slot.eq(back_end.slot),
            slots.address.eq(back_end.address),
            slots.data.eq(back_end.data),
            slots.count.eq(back_end.count),
            control.slot.eq(slots.free | ~control.unit.stores_results),
        ]

    def _neighbours(self, m: Module) -> None:
        """Partial sums from the tile before, and to the next one."""
        control, datapath, line = self._control, self._datapath, self.partial_out
        m.submodules.receiver = receiver = PartialReceiver(self.target)
        connect(m, flipped(self.partial_in), receiver.line)
        offset = Signal.like(receiver.offset)
        with m.If(control.unit.received):
            m.d.comb += offset.eq(receiver.offset)
        m.d.comb += [
            receiver.start.eq(control.start & control.unit.received),
            receiver.finish.eq(self._nest.unit_end & control.unit.received),
            receiver.free.eq(self._after_unit(m, "received", result_latency(self.target) - 1)),
            datapath.step.accumulate.entry.eq(self._nest.number + offset),
            datapath.receive.eq(receiver.receive),
            datapath.receive_entry.eq(receiver.entry),
            datapath.receive_sums.eq(receiver.sums),
            line.valid.eq(datapath.summed.send),
            line.entry.eq(datapath.summed.number),
            line.sums.eq(datapath.sums),
            line.done.eq(self._after_unit(m, "sends", partial_latency(self.target) - 1)),
            control.neighbour.eq((receiver.ready | ~control.unit.received) & (line.room | ~control.unit.sends)),
        ]
        m.d.sync += line.claim.eq(control.start & control.unit.sends)
