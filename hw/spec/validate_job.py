"""The rules of JOB; see :mod:`.validate`."""

from collections.abc import Iterator

from tileloom.hw.spec import isa, timing
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.quant import SHIFT_MAXIMUM, signed_range

COUNTS = (
    *("outer", "inner", "steps", "kernel_x", "kernel_y", "slices"),
    *("sub_x", "sub_y", "pixels_x", "pixels_y", "groups", "pool_count"),
)


def steps_of_pixel(job: isa.Job) -> int:
    """Steps of one pixel, idle cycles not counted."""
    return job.slices * job.kernel_y * job.kernel_x * job.steps


def pixels_of_group(job: isa.Job) -> int:
    """Pixels of one group, before pooling."""
    return job.pixels_y * job.pixels_x * job.sub_y * job.sub_x


def unit_cycles(job: isa.Job, target: Target) -> int:
    """Cycles that a unit runs."""
    return job.groups * (target.constant_words + pixels_of_group(job) * (steps_of_pixel(job) + job.idle))


def job_violations(job: isa.Job, target: Target) -> Iterator[str]:
    """Broken rules of a JOB."""
    broken = [f"{name} must be at least 1, not 0" for name in COUNTS if getattr(job, name) < 1]
    for name, kind in (("mode", isa.Mode), ("pool", isa.Pool)):
        if getattr(job, name) not in set(kind):
            broken.append(f"{name} must be one of {[int(k) for k in kind]}, not {getattr(job, name)}")
    yield from broken
    yield from _features(job, target)
    yield from _tiles(job, target)
    if not broken:
        yield from _logs(job, target)
        yield from _timing(job, target)
        if not job.to_neighbour:
            yield from _arithmetic(job, target)
            yield from _results(job, target)


def _features(job: isa.Job, target: Target) -> Iterator[str]:
    needs = (
        ("mode", job.mode != isa.Mode.DENSE, target.channelwise, "the channelwise modes"),
        ("to_neighbour", job.to_neighbour, target.local_lines, "local lines"),
        ("from_neighbour", job.from_neighbour, target.local_lines, "local lines"),
        ("table", job.table, target.segments, "the nonlinearity unit"),
        ("add", job.add, target.residual_bytes, "the element-wise add"),
        ("pool", job.pool, target.pool, "the pooling stage"),
    )
    for name, wanted, present, what in needs:
        if wanted and not present:
            yield f"{name} needs {what}, which target {target.name} leaves out"
    if job.from_neighbour and job.chunked:
        yield "from_neighbour excludes chunked, both are 1"
    if job.mode == isa.Mode.MAXIMUM and (job.from_neighbour or job.to_neighbour):
        yield "mode MAXIMUM excludes from_neighbour and to_neighbour, one of them is 1"


def _tiles(job: isa.Job, target: Target) -> Iterator[str]:
    if not 0 < job.mask < 1 << target.tiles:
        yield f"mask must name some of the {target.tiles} tiles, not {job.mask:#x}"
    if job.to_neighbour and job.mask >> (target.tiles - 1) & 1:
        yield f"to_neighbour must leave out the last tile, {target.tiles - 1}; mask is {job.mask:#x}"
    if job.from_neighbour and job.mask & 1:
        yield f"from_neighbour must leave out tile 0; mask is {job.mask:#x}"


def _logs(job: isa.Job, target: Target) -> Iterator[str]:
    for name, span, size in (
        ("window_span", job.window_span, target.window_activations),
        ("weights_span", job.weights_span, target.weight_words),
        ("residual_span", job.residual_span if job.add else 0, target.residual_activations),
    ):
        if span > size:
            yield f"{name} must be at most {size}, not {span}"
    for log, span, inner, outer in (
        ("window", job.window_span, job.window_inner, job.window_outer),
        ("weights", job.weights_span, job.weights_inner, job.weights_outer),
    ):
        forward = max(inner if job.inner > 1 else inner + outer, inner + outer)
        if forward > span:
            yield f"{log}_inner and {log}_outer must move at most {log}_span = {span} at once, not {forward}"
    reach = _window_reach(job)
    if reach >= job.window_span:
        yield f"window_span must cover the first activation of every step, up to {reach}, not {job.window_span}"
    words = target.constant_words + (steps_of_pixel(job) if job.mode != isa.Mode.MAXIMUM else 0)
    words += (job.groups - 1) * job.group_words
    if words > job.weights_span:
        yield f"weights_span must cover the {words} words of a unit, not {job.weights_span}"


def _window_reach(job: isa.Job) -> int:
    """Greatest first activation of a step, relative to base."""
    loops = (
        (job.steps, job.step_window),
        (job.kernel_x, job.kernel_x_window),
        (job.kernel_y, job.kernel_y_window),
        (job.slices, job.slice_window),
        (job.sub_x, job.sub_x_window),
        (job.sub_y, job.sub_y_window),
        (job.pixels_x, job.pixel_x_window),
        (job.pixels_y, job.pixel_y_window),
        (job.groups, job.group_window),
    )
    return sum(max(0, (count - 1) * stride) for count, stride in loops)


def _timing(job: isa.Job, target: Target) -> Iterator[str]:
    pixel, least = steps_of_pixel(job) + job.idle, timing.emission_cycles(target)
    if pixel < least:
        yield f"a pixel must last at least {least} cycles, in which its results are taken, not {pixel}"
    cycles = unit_cycles(job, target)
    if job.chunked and cycles < timing.ACCUMULATOR_REVISIT:
        yield f"a chunked unit must last at least {timing.ACCUMULATOR_REVISIT} cycles, not {cycles}"
    entries = job.groups * pixels_of_group(job)
    half = target.accumulator_entries // timing.PARTIAL_BUFFERS
    if job.chunked and entries > target.accumulator_entries:
        yield f"a chunked unit must have at most {target.accumulator_entries} pixels, all groups, not {entries}"
    if (job.to_neighbour or job.from_neighbour) and entries > half:
        yield f"a unit with partial sums must have at most {half} pixels, all groups, not {entries}"


def _arithmetic(job: isa.Job, target: Target) -> Iterator[str]:
    stages = [("", job.low, job.high)]
    if job.table:
        stages.append(("table_", job.table_low, job.table_high))
    if job.add:
        stages.append(("add_", job.add_low, job.add_high))
    if job.pool:
        stages.append(("pool_", job.pool_low, job.pool_high))
    for prefix, low, high in stages:
        if low > high:
            yield f"{prefix}low must be at most {prefix}high = {high}, not {low}"
    prefix, low, high = stages[-1]
    least, greatest = signed_range(target.activation_bits)
    if low < least or high > greatest:
        yield f"{prefix}low .. {prefix}high must lie within {least} .. {greatest}, not {low} .. {high}"
    if job.add and job.combine == isa.Combine.MULTIPLY:
        yield from _operands(job, target)
    for name, used in (("add_shift", job.add), ("pool_shift", job.pool == isa.Pool.SUM)):
        if used and getattr(job, name) > SHIFT_MAXIMUM:
            yield f"{name} must be at most {SHIFT_MAXIMUM}, not {getattr(job, name)}"


def _operands(job: isa.Job, target: Target) -> Iterator[str]:
    """Both factors of a product are activations without their zero points."""
    bits = target.activation_bits
    least, greatest = signed_range(bits)
    prefix = "table_" if job.table else ""
    low, high = getattr(job, f"{prefix}low"), getattr(job, f"{prefix}high")
    if low < least or high > greatest:
        yield f"{prefix}low .. {prefix}high before a product must lie within {least} .. {greatest}, not {low} .. {high}"
    for name in ("add_value", "add_addend"):
        offset = getattr(job, name)
        if not -greatest <= offset <= -least:
            yield f"{name} of a product must be from {-greatest} to {-least}, not {offset}"


def _results(job: isa.Job, target: Target) -> Iterator[str]:
    if not 1 <= job.last_valid <= target.columns:
        yield f"last_valid must be from 1 to columns = {target.columns}, not {job.last_valid}"
    pixels = pixels_of_group(job)
    count = job.pool_count if job.pool else 1
    if pixels % count:
        yield f"pool_count must divide the {pixels} pixels of a group, not {count}"

    def reach(pitch: int, results: int) -> int:
        ends = [(results - 1) * pitch + (job.groups - 1) * job.slot_group + job.last_valid]
        if job.groups > 1:
            ends.append((results - 1) * pitch + (job.groups - 2) * job.slot_group + target.columns)
        return max(ends)

    slot = reach(job.slot_pitch, pixels // count)
    if slot > target.slot_activations:
        yield f"results must end within the slot's {target.slot_activations} activations, not at {slot}"
    if job.add and (residual := reach(job.residual_pitch, pixels)) > job.residual_span:
        yield f"residual_span must cover the {residual} activations of a unit's operand, not {job.residual_span}"
