"""JOB templates: everything of a unit that does not depend on where its data lies."""

from tileloom.compiler.backend.geometry import Geometry
from tileloom.compiler.backend.outputs import OutputUnit
from tileloom.compiler.fuse import Kind, Layer
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.quant import Rounding
from tileloom.hw.spec.timing import ACCUMULATOR_REVISIT, emission_cycles


def group_words(layer: Layer, box_words: int, target: Target) -> int:
    """Weight words of one group of columns in a unit whose pixels have ``box_words`` steps."""
    return target.constant_words + (0 if layer.kind == Kind.MAXIMUM else box_words)


def segment_words(layer: Layer, unit: OutputUnit, box_words: int, target: Target) -> int:
    """Weight words of a unit; all groups of a uniform layer share one group's."""
    groups = 1 if layer.uniform else unit.groups(target)
    return groups * group_words(layer, box_words, target)


def idle_cycles(box_words: int, pixels: int, groups: int, target: Target, *, chunked: bool) -> int:
    """Empty cycles of a pixel, so that the back end keeps up and sums are not visited too soon."""
    idle = max(0, emission_cycles(target) - box_words)
    if chunked:
        needed = -(-(ACCUMULATOR_REVISIT - groups * target.constant_words) // (groups * pixels))
        idle = max(idle, needed - box_words)
    return idle


def unit_cycles(template: isa.Job, target: Target) -> int:
    """Cycles of one unit of a job."""
    steps = template.steps * template.kernel_x * template.kernel_y * template.slices + template.idle
    pixels = template.pixels_y * template.pixels_x * template.sub_y * template.sub_x
    return template.groups * (target.constant_words + pixels * steps)


def job(
    geometry: Geometry, unit: OutputUnit, box: tuple[int, int, int], rows: int, offset: int, tag: int, *, chunked: bool
) -> isa.Job:
    """The template for ``rows`` output rows (after the pool) and a box of the reduction.

    ``offset`` is where the last box of the chain begins in the band's data: all boxes of a chain have one span.
    """
    layer, target = geometry.layer, geometry.target
    pool_y, pool_x = layer.pool_kernel
    width = geometry.end_column - geometry.first_column
    words, groups = box[0] * box[1] * box[2], unit.groups(target)
    loops = geometry.reduction
    return isa.Job(
        tag=tag,
        mask=0,
        mode=int(layer.kind),
        chunked=int(chunked),
        window_span=geometry.band_bytes(rows * pool_y) - offset,
        weights_span=segment_words(layer, unit, words, target),
        steps=box[2],
        step_window=loops.step_window if box[2] > 1 else 0,
        kernel_x=box[1],
        kernel_x_window=loops.kernel_x_window if box[1] > 1 else 0,
        kernel_y=box[0],
        kernel_y_window=loops.kernel_y_window if box[0] > 1 else 0,
        idle=idle_cycles(words, rows * width * pool_y * pool_x, groups, target, chunked=chunked),
        sub_x=pool_x,
        sub_y=pool_y,
        pixels_x=width,
        pixels_y=rows,
        **geometry.pixel_strides(),
        groups=groups,
        group_window=geometry.group_window if groups > 1 else 0,
        group_words=0 if layer.uniform else group_words(layer, words, target),
        slot_pitch=unit.slot_pitch if rows * width > 1 else 0,
        slot_group=target.columns if groups > 1 else 0,
        last_valid=unit.last_valid(target),
        **_back_end(layer),
        **_add(layer, unit, rows * width),
        **_pool(layer),
    )


def _back_end(layer: Layer) -> dict[str, int]:
    fields = {"zero_point": layer.zero_point, "low": layer.low, "high": layer.high}
    fields["floor"] = int(layer.rounding is Rounding.FLOOR)
    if layer.table is None:
        return fields
    return {
        **fields,
        "table": 1,
        "table_shift": layer.table.shift,
        "table_low": layer.table_low,
        "table_high": layer.table_high,
    }


def _add(layer: Layer, unit: OutputUnit, pixels: int) -> dict[str, int]:
    if layer.add is None:
        return {}
    return {
        "add": 1,
        "combine": layer.add.combine,
        "add_value": layer.add.value_multiplier,
        "add_residual": layer.add.residual_multiplier,
        "add_addend": layer.add.addend,
        "add_shift": layer.add.shift,
        "add_zero_point": layer.add.zero_point,
        "add_low": layer.add.low,
        "add_high": layer.add.high,
        "residual_span": (1 if layer.add.spread else pixels) * unit.slot_pitch,
        "residual_pitch": 0 if layer.add.spread or pixels == 1 else unit.slot_pitch,
    }


def _pool(layer: Layer) -> dict[str, int]:
    if layer.pool is None:
        return {}
    return {
        "pool": int(layer.pool.mode),
        "pool_count": layer.pool.kernel[0] * layer.pool.kernel[1],
        "pool_multiplier": layer.pool.multiplier,
        "pool_addend": layer.pool.addend,
        "pool_shift": layer.pool.shift,
        "pool_zero_point": layer.pool.zero_point,
        "pool_low": layer.pool.low,
        "pool_high": layer.pool.high,
    }
