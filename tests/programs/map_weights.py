"""Weights that a job copies into the map buffer before a WEIGHTS takes them from there."""

from dataclasses import replace

import numpy as np

from tests.programs.draw import Draw
from tests.programs.memory_plan import BLOB, MemoryPlan
from tests.programs.phases import Phase
from tileloom.hw.spec import isa, timing
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import code_type
from tileloom.hw.spec.quant import signed_range


def through_the_map(plan: MemoryPlan, phase: Phase, since: int) -> Phase | None:
    """Let a WEIGHTS of ``phase`` read the map buffer; returns the phase that fills it, a BARRIER earlier.

    ``since`` is the number of readable regions before ``phase`` was made. None where the map buffer has no room, or the
    target no channelwise mode.
    """
    target, draw = plan.target, plan.draw
    number = draw.integer(0, len(phase.weights) - 1)
    weights = phase.weights[number]
    assert isinstance(weights, isa.Weights)
    size = weights.portions * weights.parts * weights.beats * target.port_bytes
    unit = draw.integer(1, min(target.slot_bytes, 400, size) // target.element_bytes // target.columns) * target.columns
    unit_bytes = unit * target.element_bytes
    units = -(-size // unit_bytes)
    address = plan.map_place(units * unit_bytes, target.port_bytes) if target.channelwise else None
    if address is None:
        return None
    first = weights.address - BLOB
    plan.blob += bytes(max(0, first + units * unit_bytes - len(plan.blob)))
    phase.weights[number] = replace(weights, space=isa.Space.MAP, address=address)
    plan.store_earlier(units, since)
    return _copy(draw, target, plan.weights(_identity(target)), weights.address, address, unit, units)


def _copy(draw: Draw, target: Target, identity: int, source: int, address: int, unit: int, units: int) -> Phase:
    """``units`` pieces of ``unit`` activations from memory through a tile into the map buffer."""
    least, greatest = signed_range(target.activation_bits)
    unit_bytes = unit * target.element_bytes
    tile = draw.integer(0, target.tiles - 1)
    write = draw.integer(1, target.window_banks)
    elements = -(-unit // write)
    last = unit - (elements - 1) * write
    words = target.constant_words + 1
    beats = -(-words * target.word_bytes // target.port_bytes)
    load = isa.Load(
        mask=1 << tile,
        address=source,
        bands=units,
        band_stride=unit_bytes,
        advance=unit,
        rows=1,
        rows_per_run=1,
        run_bytes=unit_bytes,
        elements=elements,
        take=write,
        write=write,
        pitch=write,
        last_take=last,
        last_write=last,
    )
    job = isa.Job(
        mask=1 << tile,
        mode=isa.Mode.CHANNELWISE,
        outer=units,
        window_span=unit,
        window_inner=unit,
        window_free_inner=unit,
        weights_span=words,
        steps=1,
        step_window=0,
        pixels_x=unit // target.columns,
        pixel_x_window=target.columns,
        group_words=words,
        idle=timing.emission_cycles(target),
        low=least,
        high=greatest,
        slot_pitch=target.columns,
        last_valid=target.columns,
    )
    last_job = replace(job, outer=1, weights_inner=words, weights_free_inner=words)
    jobs = [replace(job, outer=units - 1), last_job] if units > 1 else [last_job]
    weights = isa.Weights(mask=1 << tile, address=identity, words=words, beats=beats)
    store = isa.Store(
        tile=tile, space=isa.Space.MAP, address=address, outer=units, outer_stride=unit_bytes, run_bytes=unit_bytes
    )
    return Phase([load], [weights], [*jobs], [store])


def _identity(target: Target) -> bytes:
    """Weight words of a channelwise job that changes nothing."""
    column = bytes(target.constant_bytes - 4) + np.array(1, "<i4").tobytes()
    constants = column * target.columns
    one = np.ones(target.columns, code_type(target.element_bytes)).tobytes()
    return constants.ljust(target.constant_words * target.word_bytes, b"\0") + one.ljust(target.word_bytes, b"\0")
