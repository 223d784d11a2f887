"""From the sums of a pixel to activations in an output slot: requantise, nonlinearity, add, pool, write."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tileloom.hw.descriptor import descriptor_layout
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.timing import (
    ADD_LATENCY,
    POOL_LATENCY,
    REQUANTISE_LATENCY,
    TABLE_LATENCY,
    back_end_latency,
    emission_cycles,
    mac_latency,
)
from tileloom.hw.tile.constants import SCALE
from tileloom.hw.tile.delay import delayed
from tileloom.hw.tile.element_add import ElementAdd
from tileloom.hw.tile.emission import BEAT, beat_sums_layout
from tileloom.hw.tile.job_parameters import JobParameters
from tileloom.hw.tile.nonlinearity import Nonlinearity, TableWords
from tileloom.hw.tile.pooling import Pooling
from tileloom.hw.tile.requantise import Requantise
from tileloom.hw.tile.result_address import ResultAddress
from tileloom.hw.tile.slot_writer import SlotWriter

RESIDUAL_READ = 4
"""So many cycles before a value meets its residual at the add stage, the residual's address is made."""


def switch_delay(target: Target) -> int:
    """Cycles from a job's first RUN cycle to the fetch of its fields for stage 0 of the back end.

    The last results of the job before stand in stage 0 in cycle ``mac_latency + emission_cycles - 3`` after that RUN
    cycle at the latest, the first ones of the job itself in cycle ``mac_latency + 1 + emission_cycles`` at the
    earliest: the fields change between them.
    """
    return mac_latency(target) + emission_cycles(target) - 2


class BackEnd(wiring.Component):
    """Takes a beat of results every cycle; the slot's bytes are written back_end_latency cycles later.

    Fields of a job travel beside its results: each stage has its own queue of those that it uses.

    Members
    -------
    job, job_start : In, the fields of the job whose first RUN cycle this is
    beat, sums, scales : In, stage 0
    table : In, see :class:`TableWords`
    residual_address, residual_data : Out and In, read of the residual log, two cycles
    slot, address, data, count : Out, a write into the output slots
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        results, bits = target.results_per_cycle, target.activation_bits
        self.table_stage = REQUANTISE_LATENCY
        self.add_stage = self.table_stage + (TABLE_LATENCY if target.segments else 0)
        self.pool_stage = self.add_stage + (ADD_LATENCY if target.residual_bytes else 0)
        self.write_stage = self.pool_stage + (POOL_LATENCY if target.pool else 0)
        super().__init__(
            {
                "job": In(descriptor_layout(isa.Job, target)),
                "job_start": In(1),
                "beat": In(BEAT),
                "sums": In(beat_sums_layout(target)),
                "scales": In(data.ArrayLayout(SCALE, results)),
                "table": In(TableWords()),
                "residual_address": Out(range(max(target.residual_activations, 2))),
                "residual_data": In(bits * results),
                "slot": Out(1),
                "address": Out(range(target.slot_activations)),
                "data": Out(bits * results),
                "count": Out(range(results + 1)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        if not self.target.compact:
            starts = delayed(m, self.job_start, switch_delay(self.target) + back_end_latency(self.target), "job_start")
            self._fetches = starts[switch_delay(self.target) :]
        beats = delayed(m, self.beat, self.pool_stage, "beat")
        self._valid = [beat.valid for beat in beats]

        values = self._requantise(m)
        if self.target.segments:
            values = self._nonlinearity(m, values)
        if self.target.residual_bytes:
            self._residual(m, beats[self.add_stage - RESIDUAL_READ])
            values = self._add(m, values)
        beat = beats[self.pool_stage]
        if self.target.pool:
            beat, values = self._pool(m, beat, values)
        self._write(m, beat, values)
        return m

    def _fields(self, m: Module, stage: int, *names: str) -> list[Value]:
        """Fields of the job whose results stand in ``stage``; a compact machine has one job at a time."""
        if self.target.compact:
            return [self.job[name] for name in names]
        name = f"fields_{stage}_{names[0]}"
        m.submodules[name] = parameters = JobParameters(*names)
        m.d.comb += [
            parameters.values.eq(parameters.of(self.job)),
            parameters.push.eq(self.job_start),
            parameters.fetch.eq(self._fetches[stage]),
        ]
        return [parameters.fields[name] for name in names]

    def _feed(self, m: Module, stage: int, *pairs: tuple[Value, str]) -> None:
        """Drive ports of a stage from fields of the job."""
        fields = self._fields(m, stage, *(name for _, name in pairs))
        m.d.comb += [port.eq(field) for (port, _), field in zip(pairs, fields, strict=True)]

    def _requantise(self, m: Module) -> Any:
        m.submodules.requantise = unit = Requantise(self.target.results_per_cycle, self.target.accumulator_bits)
        m.d.comb += [
            unit.enables.eq(Cat(self._valid[:REQUANTISE_LATENCY])),
            unit.sums.eq(self.sums),
            unit.scales.eq(self.scales),
        ]
        self._feed(m, unit.FLOOR, (unit.floor, "floor"))
        self._feed(m, unit.ZERO_POINT, (unit.zero_point, "zero_point"))
        self._feed(m, unit.CLAMP, (unit.low, "low"), (unit.high, "high"))
        return unit.values

    def _nonlinearity(self, m: Module, values: Any) -> Any:
        m.submodules.nonlinearity = unit = Nonlinearity(self.target.segments, self.target.results_per_cycle)
        connect(m, flipped(self.table), unit.table)
        at = self.table_stage
        m.d.comb += [unit.enables.eq(Cat(self._valid[at : at + TABLE_LATENCY])), unit.i_values.eq(values)]
        self._feed(m, at + unit.SHIFT, (unit.shift, "table_shift"))
        self._feed(m, at + unit.CLAMP, (unit.apply, "table"), (unit.low, "table_low"), (unit.high, "table_high"))
        return unit.o_values

    def _residual(self, m: Module, beat: Any) -> None:
        """Address of a beat's residuals: the unit's base, which moves on with each unit that adds."""
        bits = len(self.residual_address)
        m.submodules.residual = place = ResultAddress(bits, self.target.results_per_cycle)
        stage = self.add_stage - RESIDUAL_READ
        add, span, pitch, group = self._fields(m, stage, "add", "residual_span", "residual_pitch", "slot_group")
        base = Signal(bits)
        m.d.comb += [place.beat.eq(beat), place.base.eq(base), place.pitch.eq(pitch), place.group_pitch.eq(group)]
        with m.If(beat.valid & beat.first & beat.pixel.first_of_unit & add):
            m.d.sync += base.eq(base + span)
        m.d.sync += self.residual_address.eq(place.address)

    def _add(self, m: Module, values: Any) -> Any:
        m.submodules.add = unit = ElementAdd(self.target.results_per_cycle, self.target.activation_bits)
        at = self.add_stage
        m.d.comb += [
            unit.enables.eq(Cat(self._valid[at : at + ADD_LATENCY])),
            unit.i_values.eq(values),
            unit.residuals.eq(self.residual_data),
        ]
        add, combine, multiplier = self._fields(m, at + unit.OPERANDS, "add", "combine", "add_value")
        m.d.comb += [unit.value_multiplier.eq(multiplier), unit.combine.eq(Mux(add, combine, isa.Combine.ADD))]
        self._feed(m, at + unit.VALUE, (unit.addend, "add_addend"))
        self._feed(m, at + unit.PRODUCT, (unit.residual_multiplier, "add_residual"))
        self._feed(m, at + unit.SHIFT, (unit.shift, "add_shift"))
        self._feed(m, at + unit.ZERO_POINT, (unit.zero_point, "add_zero_point"))
        self._feed(m, at + unit.CLAMP, (unit.apply, "add"), (unit.low, "add_low"), (unit.high, "add_high"))
        return unit.o_values

    def _pool(self, m: Module, beat: Any, values: Any) -> tuple[Any, Any]:
        m.submodules.pool = unit = Pooling(self.target.results_per_cycle, emission_cycles(self.target))
        at = self.pool_stage
        m.d.comb += [unit.i_beat.eq(beat), unit.i_values.eq(values)]
        self._feed(m, at + unit.POOL, (unit.mode, "pool"), (unit.count, "pool_count"))
        self._feed(m, at + unit.PRODUCT, (unit.multiplier, "pool_multiplier"))
        self._feed(m, at + unit.ADDEND, (unit.addend, "pool_addend"))
        self._feed(m, at + unit.SHIFT, (unit.shift, "pool_shift"))
        self._feed(m, at + unit.ZERO_POINT, (unit.zero_point, "pool_zero_point"))
        self._feed(m, at + unit.CLAMP, (unit.final_mode, "pool"), (unit.low, "pool_low"), (unit.high, "pool_high"))
        return unit.o_beat, unit.o_values

    def _write(self, m: Module, beat: Any, values: Any) -> None:
        m.submodules.writer = unit = SlotWriter(self.target)
        m.d.comb += [unit.beat.eq(beat), unit.values.eq(values)]
        self._feed(
            m,
            self.write_stage,
            (unit.slot_pitch, "slot_pitch"),
            (unit.slot_group, "slot_group"),
            (unit.last_valid, "last_valid"),
        )
        m.d.comb += [
            self.slot.eq(unit.slot),
            self.address.eq(unit.address),
            self.data.eq(unit.data),
            self.count.eq(unit.count),
        ]
