"""The search for a mapping: every sensible combination of choices, the fastest by estimate first."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from math import inf

from tileloom.compiler.backend.cost import Estimator
from tileloom.compiler.backend.geometry import Geometry, reads_neighbours
from tileloom.compiler.backend.jobs import segment_words
from tileloom.compiler.backend.layout import View
from tileloom.compiler.backend.mapping import Arrangement, Mapping, Order
from tileloom.compiler.backend.outputs import OutputUnit, output_units, storable
from tileloom.compiler.backend.partition import bands, cut
from tileloom.compiler.backend.reduction import chunks
from tileloom.compiler.backend.sublayers import Sublayer, largest, sublayers
from tileloom.compiler.fuse import Kind, Layer
from tileloom.hw.spec.config import Target

TRIES = 12
"""Mappings that are offered of one number of strips and one number of regions, once the best of all did not fit."""
NEAR = 1.02
"""The search ends where the best mapping takes at most so much more than multiplying alone."""
PATIENCE = 1
"""Numbers of strips in a row that may bring nothing better before no more of them are tried."""
ORDERS = tuple(Order)
CHUNKED_ORDERS = tuple(order for order in Order if order != Order.HELD)
CACHED = 1 << 12
"""Numbers of rows that are kept."""

Found = tuple[float, Mapping, Order]
"""Estimated cycles of a mapping, and the mapping but for its order."""


def mappings(layer: Layer, source: View, result: View, target: Target) -> Iterator[Mapping]:
    """Mappings whose bands, slots and segments fit their buffers, best first; none where nothing fits.

    Cutting the columns or the input channels into parts mostly costs time, so that the search begins with few parts and
    stops when more of them bring nothing. What it has not seen by then comes behind, and last what cuts the kernel.
    """
    offered = _best(_sensible(layer, source, result, target), 2 * TRIES)
    yield from offered
    counts = _strip_counts(result.width)
    for strips in counts:
        for regions in _region_blocks(layer, source, result, target):
            anew = _best(list(_with(layer, source, result, target, strips, regions)), TRIES)
            yield from (mapping for mapping in anew if mapping not in offered)
    for rows in _region_rows(layer):
        for strips, regions in product(counts, _region_blocks(layer, source, result, target)):
            yield from _best(list(_with(layer, source, result, target, strips, regions, rows)), TRIES)


def least_estimate(layer: Layer, source: View, result: View, target: Target) -> float:
    """Estimated cycles of the best mapping that leaves the kernel whole; infinite where there is none."""
    return _least(_sensible(layer, source, result, target))


def _sensible(layer: Layer, source: View, result: View, target: Target) -> list[Found]:
    """Mappings with few parts of columns and of input channels."""
    bound = NEAR * _least_cycles(layer, result, target)
    found: list[Found] = []
    best, idle = inf, 0
    for strips in _strip_counts(result.width):
        fresh = _of_strips(layer, source, result, target, strips, bound)
        found += fresh
        least = _least(fresh)
        best, idle = min(best, least), 0 if least < best else idle + 1
        if found and (best <= bound or idle == PATIENCE):
            break
    return found


def _of_strips(layer: Layer, source: View, result: View, target: Target, strips: int, bound: float) -> list[Found]:
    """Mappings of one number of strips, with fewer and fewer input channels at a time until one is good."""
    found: list[Found] = []
    for regions in _region_blocks(layer, source, result, target):
        found += _with(layer, source, result, target, strips, regions)
        if _least(found) <= bound:
            break
    return found


def _best(found: list[Found], most: int) -> list[Mapping]:
    """At most ``most`` mappings, best first; of equal ones the one that was found first."""
    ranked = sorted(found, key=lambda item: item[0])[:most]
    return [replace(mapping, order=order) for _, mapping, order in ranked]


def _least(found: list[Found]) -> float:
    return min((cost for cost, *_ in found), default=inf)


def _least_cycles(layer: Layer, result: View, target: Target) -> float:
    """Cycles of the steps alone if all lanes, columns and tiles are at work; of other layers none are known."""
    if layer.kind != Kind.DENSE:
        return 0.0
    pixels = result.height * result.width * layer.pool_kernel[0] * layer.pool_kernel[1]
    outputs, steps = -(-result.channels // target.columns), -(-int(layer.weights[0].size) // target.lanes)
    return outputs * pixels * steps / target.tiles


def _strip_counts(width: int) -> list[int]:
    """Numbers of column strips to try: each that gives another strip width."""
    found = [1]
    for parts in range(2, width + 1):
        if -(-width // parts) != -(-width // found[-1]):
            found.append(parts)
    return found


def _region_blocks(layer: Layer, source: View, result: View, target: Target) -> list[int]:
    """Input blocks at a time: all, then halves and so on down to one; blocks longer than an element one by one."""
    blocks = max(sub.input_blocks for sub in sublayers(layer, source, result))
    if blocks > 1 and source.block > target.channel_block:
        return [1]
    found = [0]
    while layer.kind == Kind.DENSE and blocks > 1:
        blocks = -(-blocks // 2)
        found.append(blocks)
    return found


def _region_rows(layer: Layer) -> list[int]:
    """Kernel rows at a time: halves, quarters and so on down to one."""
    rows, found = layer.window.kernel[0], []
    while rows > 1:
        rows = -(-rows // 2)
        found.append(rows)
    return found


def _with(
    layer: Layer, source: View, result: View, target: Target, strips: int, region_blocks: int, region_rows: int = 0
) -> Iterator[Found]:
    found = sublayers(layer, source, result)
    strip = cut(result.width, strips)[0]
    tilings = _tilings(layer, target, len(found), result)
    groups_tried = _group_counts(result, target)
    for arrangement, planes in _arrangements(layer, source, target):
        base = Mapping(arrangement, Order.RESIDENT, 1, 1, 1, strips, 1, planes, 0, region_blocks, region_rows)
        geometry = Geometry(layer, source, largest(found), base, target, *strip)
        if not _arrangeable(geometry) or not geometry.starts_inside:
            continue
        if geometry.columns.width * geometry.column_bytes > 1 << 15:
            continue
        estimator = Estimator(geometry, result, found)
        units = {groups: _units(geometry, result, found, groups) for groups in groups_tried}
        for tiles_out, tiles_rows in tilings:
            most_rows = cut(result.height, tiles_rows)[0][1]
            for rows, groups in product(_row_counts(most_rows), groups_tried):
                unit = units[groups]
                if unit is None or not _fits(geometry, result, unit, tiles_rows, rows):
                    continue
                mapping = Mapping(
                    arrangement,
                    Order.RESIDENT,
                    tiles_out,
                    tiles_rows,
                    rows,
                    strips,
                    groups,
                    planes,
                    unit.chunk_words,
                    region_blocks,
                    region_rows,
                )
                for order, cost in estimator.estimates(mapping, CHUNKED_ORDERS if unit.chunked else ORDERS):
                    yield cost, mapping, order


@dataclass(frozen=True)
class _Units:
    """The units of so many groups of columns, and how their sums are cut up."""

    every: tuple[OutputUnit, ...]
    """Of the sublayer that reads most and of the last one."""
    groups: int
    """Of the largest."""
    chunk_words: int
    chunked: bool
    distance: int
    """Window data between two chunks, and from the first to the last."""
    last: int


def _units(geometry: Geometry, result: View, found: list[Sublayer], groups: int) -> _Units | None:
    """The units with ``groups`` groups of columns; None where no weight ring holds a chunk of them."""
    layer, target = geometry.layer, geometry.target
    if geometry.regions > 1 and layer.kind != Kind.DENSE and groups * target.columns < result.block:
        return None  # Units that load data for themselves alone take all of its channels.
    units = [
        unit
        for sublayer in {geometry.sublayer, found[-1]}
        for unit in output_units(result, sublayer, 0, groups, target)
    ]
    unit = max(units, key=lambda unit: unit.channels)
    chunk_words = chunk_limit(geometry, unit.groups(target))
    if chunk_words < 0:
        return None
    words = geometry.reduction.words
    cut_up = chunks(geometry.reduction, chunk_words or words)
    if cut_up is None or (geometry.regions > 1 and len(cut_up[1]) > 1):
        return None
    box, boxes = cut_up
    if segment_words(layer, unit, box[0] * box[1] * box[2], target) > target.weight_words:
        return None
    return _Units(
        every=tuple({(unit.channels, unit.slot_pitch): unit for unit in units}.values()),
        groups=unit.groups(target),
        chunk_words=chunk_words,
        chunked=geometry.regions > 1 or 0 < chunk_words < words,
        distance=boxes[1].offset if len(boxes) > 1 else 0,
        last=boxes[-1].offset,
    )


def _fits(geometry: Geometry, result: View, units: _Units, tiles_rows: int, rows: int) -> bool:
    """Whether bands of ``rows`` output rows (after the pool) fit window, slots, residual buffer and accumulators."""
    layer, target = geometry.layer, geometry.target
    pool_y, pool_x = layer.pool_kernel
    width = geometry.end_column - geometry.first_column
    if geometry.band_bytes(rows * pool_y) > target.window_activations:
        return False
    if not all(storable(result, unit, rows, width, target) for unit in units.every):
        return False
    residuals = 1 if layer.add and layer.add.spread else rows * width
    if layer.add and residuals * max(unit.slot_pitch for unit in units.every) > target.residual_activations:
        return False
    if units.chunked and units.groups * rows * pool_y * width * pool_x > target.accumulator_entries:
        return False
    fewest = _fewest_rows(result.height, tiles_rows, rows) * pool_y
    return geometry.band_bytes(fewest) - units.last >= units.distance


def chunk_limit(geometry: Geometry, groups: int) -> int:
    """Steps of a pixel that a unit may have: 0 for all, -1 where not even one fits the ring."""
    layer, target = geometry.layer, geometry.target
    words = geometry.reduction.words
    if layer.kind == Kind.MAXIMUM:
        return 0
    groups = 1 if layer.uniform else groups
    room = target.weight_words // groups - target.constant_words
    if words <= room:
        return 0
    half = target.weight_words // 2 // groups - target.constant_words
    return half if half >= 1 else (room if room >= 1 else -1)


@lru_cache(maxsize=CACHED)
def _fewest_rows(height: int, tiles_rows: int, rows: int) -> int:
    """Output rows (after the pool) of the smallest band of any part."""
    return min(end - row for part in cut(height, tiles_rows) for row, end in bands(*part, rows))


def _arrangements(layer: Layer, source: View, target: Target) -> list[tuple[Arrangement, bool]]:
    if layer.kind == Kind.DENSE:
        return [(arrangement, False) for arrangement in Arrangement]
    if source.block == target.columns:
        return [(Arrangement.LOG, True), (Arrangement.SLABS, True)]
    plain = [(Arrangement.LOG, False), (Arrangement.SLABS, False)]
    if reads_neighbours(layer) and target.pixels_per_read > 1:
        plain += [(Arrangement.LOG, True), (Arrangement.SLABS, True)]
    return plain


def _arrangeable(geometry: Geometry) -> bool:
    """A log needs output rows to overlap or touch; interleaving needs more than one kernel row."""
    window = geometry.layer.window
    if geometry.mapping.arrangement == Arrangement.LOG:
        return geometry.kernel_rows == 1 or window.stride[0] <= geometry.halo_rows
    return geometry.kernel_rows > 1


def _tilings(layer: Layer, target: Target, sublayer_count: int, result: View) -> list[tuple[int, int]]:
    """Tiles for outputs and for rows; more parts than there is work for are left out.

    Channelwise, the tiles that share a block's data cannot begin at different channels of it.
    """
    outputs = sublayer_count
    if sublayer_count == 1 and layer.kind == Kind.DENSE:
        outputs = -(-result.channels // target.columns)
    found = []
    for out in range(1, min(target.tiles, outputs) + 1):
        for rows in range(1, min(target.tiles // out, result.height) + 1):
            if len(cut(result.height, rows)) == rows:
                found.append((out, rows))
    return [one for one in found if not any(_covers(other, one) for other in found)]


def _covers(other: tuple[int, int], one: tuple[int, int]) -> bool:
    return other != one and other[0] >= one[0] and other[1] >= one[1]


def _row_counts(most: int) -> list[int]:
    """Band heights to try: those that give another number of bands."""
    return sorted({-(-most // bands) for bands in range(1, most + 1)})


def _group_counts(result: View, target: Target) -> list[int]:
    """Groups of columns of a unit to try: all that a block (of a vector: a slot) holds, and halves down to one."""
    per_block = -(-(result.channels if result.is_vector else result.block) // target.columns)
    if result.is_vector:
        per_block = min(per_block, target.slot_activations // target.columns)
    found = {per_block, 1}
    while per_block > 1:
        per_block = -(-per_block // 2)
        found.add(per_block)
    return sorted(found, reverse=True)
