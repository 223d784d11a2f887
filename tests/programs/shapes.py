"""Random jobs: loop nests, arithmetic and slot layouts, without the movement of the logs."""

import math
from dataclasses import replace

import numpy as np

from tests.programs.draw import Draw
from tileloom.hw.spec import isa, timing
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.program import Codes, code_type
from tileloom.hw.spec.quant import signed_range
from tileloom.hw.spec.validate_job import job_violations, pixels_of_group, steps_of_pixel, unit_cycles
from tileloom.sim.functional.mac_array import loop_nest


def operand_width(job: isa.Job, target: Target) -> int:
    """Activations of the window that a step reads."""
    return {
        isa.Mode.DENSE: target.lanes,
        isa.Mode.CHANNELWISE: target.pixels_per_read * target.columns,
        isa.Mode.MAXIMUM: target.columns,
    }[isa.Mode(job.mode)]


def random_job(draw: Draw, target: Target, pixel_limit: int) -> isa.Job:
    """A job that keeps every rule, with spans for one unit and logs that do not move yet."""
    for _ in range(200):
        job = _results(draw, target, _arithmetic(draw, target, _loops(draw, target, pixel_limit)))
        if not list(job_violations(job, target)):
            return job
    raise AssertionError("no job found in 200 tries")


def with_reduction(draw: Draw, target: Target, job: isa.Job, mode: int | None = None) -> isa.Job:
    """``job`` with another reduction and other operands, but the same pixels and groups."""
    mode = job.mode if mode is None else mode
    job = replace(job, mode=mode, **_reduction(draw, target, mode))
    width = operand_width(job, target)
    strides = {
        name: _stride(draw, width)
        for name in ("sub_x_window", "sub_y_window", "pixel_x_window", "pixel_y_window", "group_window")
    }
    words = target.constant_words + (steps_of_pixel(job) if mode != isa.Mode.MAXIMUM else 0)
    gap = draw.integer(1, 5) if draw.chance(0.2) else 0
    job = replace(job, **strides, group_words=0 if draw.chance(0.1) else words + gap)
    least = timing.emission_cycles(target) - steps_of_pixel(job)
    job = replace(job, idle=max(0, least) + (draw.integer(1, 6) if draw.chance(0.25) else 0))
    job = replace(job, weights_span=words + (job.groups - 1) * job.group_words + (1 if draw.chance(0.1) else 0))
    return replace(job, window_span=reach(job) + _covered(draw, target, job))


def reach(job: isa.Job) -> int:
    """Greatest first activation of a step."""
    nest = loop_nest(job)
    return int(nest.pixels.max() + nest.steps.max()) + max(0, (job.groups - 1) * job.group_window)


def _covered(draw: Draw, target: Target, job: isa.Job) -> int:
    """Activations of the furthest step that lie in the span: all, more, or less where weights can be zero."""
    width = operand_width(job, target)
    if job.mode != isa.Mode.MAXIMUM and draw.chance(0.4):
        return draw.integer(1, width)
    return width + (draw.integer(1, 20) if draw.chance(0.5) else 0)


def _loops(draw: Draw, target: Target, pixel_limit: int) -> isa.Job:
    modes = [0, 0, 0, 1, 1, 2] if target.channelwise else [0]
    counts = {"sub_x": 1, "sub_y": 1, "pixels_x": 1, "pixels_y": 1, "groups": 1}
    for name, high in (("sub_x", 3), ("sub_y", 3), ("pixels_x", 16), ("pixels_y", 8), ("groups", 4)):
        if draw.chance(0.5):
            counts[name] = draw.small(high)
        if np.prod(list(counts.values())) > pixel_limit:
            counts[name] = 1
    base = isa.Job(
        mask=1,
        window_span=1,
        weights_span=1,
        steps=1,
        step_window=0,
        group_words=0,
        slot_pitch=1,
        last_valid=draw.pick([target.columns, draw.integer(1, target.columns)]),
        **counts,
    )
    return with_reduction(draw, target, base, draw.pick(modes))


def _reduction(draw: Draw, target: Target, mode: int) -> dict[str, int]:
    width = {0: target.lanes, 1: target.columns, 2: target.columns}[mode]
    counts = {"steps": 1, "kernel_x": 1, "kernel_y": 1, "slices": 1}
    for name, high in (("steps", 8), ("kernel_x", 5), ("kernel_y", 4), ("slices", 3)):
        if draw.chance(0.5):
            counts[name] = draw.small(high)
        if np.prod(list(counts.values())) > 24:
            counts[name] = 1
    names = ("step_window", "kernel_x_window", "kernel_y_window", "slice_window")
    return counts | {name: _stride(draw, width) for name in names}


def _stride(draw: Draw, width: int) -> int:
    return draw.pick([width, width, 1, 0, 2 * width, draw.integer(0, 3 * width), draw.integer(0, 60)])


def _clamp(draw: Draw, target: Target, wide: bool) -> tuple[int, int]:
    low, high = signed_range(target.activation_bits)
    if draw.chance(0.05):
        return draw.pick([(7, 7), (low, low), (-5, 60), (-32768, -32768) if wide else (high, high)])
    if wide and draw.chance(0.6):
        return draw.pick([(-32768, 32767), (-4096, 4095), (-300, 300)])
    return draw.pick([(low, high), (low, high), (-high, high), (0, high)])


def _zero_point(draw: Draw) -> int:
    return draw.integer(-32768, 32767) if draw.chance(0.04) else draw.pick([0, 0, draw.integer(-100, 100)])


def _arithmetic(draw: Draw, target: Target, job: isa.Job) -> isa.Job:
    table = int(bool(target.segments) and draw.chance(0.25))
    add = int(bool(target.residual_bytes) and draw.chance(0.3))
    pixels = pixels_of_group(job)
    pool = draw.pick([0, 0, 1, 2]) if target.pool else 0
    natural = job.sub_x * job.sub_y
    count = natural if draw.chance(0.6) else draw.divisor(pixels, 36)
    combine = draw.pick([isa.Combine.ADD, *isa.Combine])
    factor = add and combine == isa.Combine.MULTIPLY  # what comes before must be an activation
    low, high = _clamp(draw, target, bool(table) or (bool(add or pool) and not factor))
    table_low, table_high = _clamp(draw, target, bool(add or pool) and not factor)
    add_low, add_high = _clamp(draw, target, bool(pool))
    pool_low, pool_high = _clamp(draw, target, False)
    add_shift, pool_shift = _shift(draw), _shift(draw)
    return replace(
        job,
        table=table,
        add=add,
        pool=pool,
        floor=int(draw.chance(0.2)),
        zero_point=_zero_point(draw),
        low=low,
        high=high,
        table_shift=draw.integer(0, 31) if draw.chance(0.1) else draw.integer(11, 16),
        table_low=table_low,
        table_high=table_high,
        combine=combine,
        add_value=-draw.integer(*signed_range(target.activation_bits)) if factor else _multiplier(draw, add_shift),
        add_residual=_multiplier(draw, add_shift),
        add_addend=-draw.integer(*signed_range(target.activation_bits)) if factor else _addend(draw, add_shift),
        add_shift=add_shift,
        add_zero_point=_zero_point(draw),
        add_low=add_low,
        add_high=add_high,
        pool_count=count if pool else draw.integer(1, 9),
        pool_multiplier=_multiplier(draw, pool_shift, count),
        pool_addend=_addend(draw, pool_shift),
        pool_shift=pool_shift,
        pool_zero_point=_zero_point(draw),
        pool_low=pool_low,
        pool_high=pool_high,
    )


def _shift(draw: Draw) -> int:
    return draw.integer(0, 47) if draw.chance(0.06) else draw.integer(8, 17)


def _multiplier(draw: Draw, shift: int, summed: int = 1) -> int:
    """A signed 18-bit multiplier, most often one that makes at most 1 / ``summed`` with the shift."""
    limit = (1 << 17) - 1
    if draw.chance(0.06):
        return draw.pick([-limit - 1, limit, 0, draw.integer(-limit, limit)])
    near = max(1, min(limit, (1 << min(shift, 17)) // summed))
    return draw.pick([near, near, draw.integer(near // 2, near), -draw.integer(1, near)])


def _addend(draw: Draw, shift: int) -> int:
    unit = 1 << min(shift, 32)
    if draw.chance(0.06):
        return draw.integer(-(1 << 39), (1 << 39) - 1)
    return draw.pick([0, unit // 2, draw.integer(-64 * unit, 64 * unit)])


def _results(draw: Draw, target: Target, job: isa.Job) -> isa.Job:
    """Slot and residual layout."""
    pixels, columns, valid = pixels_of_group(job), target.columns, job.last_valid
    results = pixels // (job.pool_count if job.pool else 1)
    channels = (job.groups - 1) * columns + valid
    pitch, group = draw.pick(
        [
            (channels, columns),
            (channels, columns),
            (channels + draw.integer(0, 9), columns),
            (columns, results * columns),
            (valid if job.groups == 1 else columns, pixels * columns),
            (draw.integer(0, 2 * columns), draw.integer(0, 3 * columns)),
        ]
    )
    job = replace(job, slot_pitch=pitch, slot_group=group)
    residual_pitch = draw.pick([channels, columns, pitch, draw.integer(0, 2 * columns)])
    ends = [(pixels - 1) * residual_pitch + (job.groups - 1) * group + valid]
    if job.groups > 1:
        ends.append((pixels - 1) * residual_pitch + (job.groups - 2) * group + columns)
    span = max(ends) + (draw.integer(0, 9) if draw.chance(0.3) else 0)
    return replace(job, residual_pitch=residual_pitch, residual_span=span if job.add else draw.integer(0, 50))


def lengthened(draw: Draw, target: Target, job: isa.Job) -> isa.Job:
    """``job`` with enough idle cycles for a chunked unit."""
    while unit_cycles(job, target) < timing.ACCUMULATOR_REVISIT:
        job = replace(job, idle=job.idle + draw.integer(1, 4))
    return job


def unit_words(draw: Draw, target: Target, job: isa.Job) -> Codes:
    """Words ``(weights_span, lanes * columns)`` of a unit; weights that meet what lies behind its span are 0."""
    size = job.weights_span * target.lanes * target.columns
    words = draw.codes(size, target.element_bytes).reshape(job.weights_span, -1)
    head = target.constant_words
    nest = loop_nest(job)
    outside = _outside(job, target)
    for group in range(job.groups):
        first = group * job.group_words
        words[first : first + head] = _constants(draw, target, job)
        if job.mode != isa.Mode.MAXIMUM:
            steps = words[first + head : first + head + len(nest.steps)]
            steps[outside] = 0
    return words


def _outside(job: isa.Job, target: Target) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """``(steps, lanes * columns)``: weights that for some pixel meet an activation behind the span."""
    nest = loop_nest(job)
    furthest = nest.steps + int(nest.pixels.max()) + max(0, (job.groups - 1) * job.group_window)
    lane, column = np.divmod(np.arange(target.lanes * target.columns), target.columns)
    byte = lane if job.mode == isa.Mode.DENSE else lane * target.columns + column
    return np.asarray(furthest[:, None] + byte >= job.window_span)


def _constants(draw: Draw, target: Target, job: isa.Job) -> Codes:
    """One group's constant words ``(constant_words, lanes * columns)``."""
    data = bytearray(target.constant_words * target.word_bytes)
    width, bits = target.constant_bytes, target.accumulator_bits
    more = target.activation_bits - 8  # bits of a code beyond 8
    reduction = steps_of_pixel(job) * operand_width(job, target)
    size = 6000 * max(1, reduction) ** 0.5 if job.mode != isa.Mode.MAXIMUM else 100
    size *= 1 << (2 * more if job.mode != isa.Mode.MAXIMUM else more)
    goal = draw.pick([4000, 20_000, 100] if job.table else [30 << more, 60 << more, 60 << more, 150 << more])
    style = "random" if draw.chance(0.1) else "fitting"
    for column in range(target.columns):
        bias = draw.pick([0, draw.integer(-300, 300), draw.integer(-round(size), round(size))])
        if draw.chance(0.01):
            bias = draw.pick([1 << (bits - 4), -(1 << (bits - 4))])
        multiplier, shift = _fitting(draw, goal / size)
        if style == "random":
            multiplier, shift = draw.integer(-(1 << 17), (1 << 17) - 1), draw.integer(0, 47)
        packed = (multiplier & 0x3FFFF) | shift << 18 | draw.integer(0, 255) << 24
        unused = 0x5A5A << bits if bits > 32 else 0
        entry = (bias % (1 << bits) | unused).to_bytes(width - 4, "little") + packed.to_bytes(4, "little")
        data[width * column : width * (column + 1)] = entry
    return np.frombuffer(bytes(data), code_type(target.element_bytes)).reshape(target.constant_words, -1)


def _fitting(draw: Draw, factor: float) -> tuple[int, int]:
    """A multiplier and shift of about ``factor``."""
    bits = draw.integer(1, 17)
    shift = min(47, max(0, bits - math.frexp(factor)[1]))
    multiplier = max(1, min((1 << 17) - 1, round(factor * 2.0**shift)))
    return (-multiplier if draw.chance(0.1) else multiplier), shift
