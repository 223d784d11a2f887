"""The cost of a mapping: an estimate of a layer's cycles, from what each of the machine's servers has to do."""

from tileloom.compiler.backend.geometry import Geometry
from tileloom.compiler.backend.jobs import idle_cycles, segment_words
from tileloom.compiler.backend.layout import View
from tileloom.compiler.backend.mapping import Arrangement, Mapping, Order
from tileloom.compiler.backend.outputs import OutputUnit, output_units
from tileloom.compiler.backend.partition import cut
from tileloom.compiler.backend.reduction import chunks
from tileloom.compiler.backend.sublayers import sublayers
from tileloom.compiler.fuse import Kind, Layer
from tileloom.hw.spec.config import Target

UNIT_CYCLES = 2
"""Cycles of a tile between two units."""
CHUNK_CYCLES = 4
"""Cycles of the address generator for a chunk, besides its bursts."""
SLOT_CYCLES = 6
"""Cycles of the O engine for a slot and its first burst, besides the beats; each further run takes about as long."""


def estimate(layer: Layer, source: View, result: View, mapping: Mapping, target: Target) -> float | None:
    """Cycles of a layer; ``None`` where the order cannot work."""
    found = sublayers(layer, source, result)
    strips = cut(result.width, mapping.strips)
    geometry = Geometry(layer, source, found[0], mapping, target, *strips[0])
    parts = cut(result.height, mapping.tiles_rows)
    part_rows = parts[0][1]
    bands = -(-part_rows // mapping.rows)
    many = len(found) > 1
    units = output_units(result, found[0], 0, mapping.unit_groups, target)
    sweeps = (cut(len(found), mapping.tiles_out)[0][1] if many else 1) * len(strips)
    share = units if many else units[: cut(len(units), mapping.tiles_out)[0][1]]
    words = geometry.reduction.words
    cut_up = chunks(geometry.reduction, mapping.chunk_words or words)
    if cut_up is None:
        return None
    box, boxes = cut_up
    box_words = box[0] * box[1] * box[2]
    chain = geometry.regions * len(boxes)
    compute = sum(_unit_cycles(layer, geometry, unit, box_words, part_rows, bands, chain, target) for unit in share)
    segments = sum(segment_words(layer, unit, box_words, target) for unit in share) * chain
    ring = _ring(layer, mapping, share, segments, bands, chain, target)
    window = _window(geometry, mapping, part_rows, bands, len(share))
    if ring is None or window is None:
        return None
    weight_words, ring_overlaps = ring
    window_bytes, chunk_count, window_overlaps, held = window
    streams = len(parts) * (min(mapping.tiles_out, len(found)) if many else 1)
    reads = window_bytes * sweeps * streams
    elements = reads / min(max(geometry.source.block, 1), target.window_banks)
    if geometry.column_bytes == geometry.source.block and not mapping.planes:
        elements = reads / target.window_banks
    if mapping.planes:
        reads *= max(geometry.planes, 1)
        elements = reads / geometry.source.block
    read_cycles = reads / target.port_bytes + CHUNK_CYCLES * chunk_count * sweeps * streams
    distinct = min(mapping.tiles_out, len(units)) if not many else min(mapping.tiles_out, len(found))
    repeats = 1 if layer.uniform else (sweeps if many else len(strips))
    if mapping.order == Order.RESIDENT and not many:
        repeats = 1
    weight_cycles = weight_words * (1 if layer.uniform else distinct) * repeats * target.word_bytes / target.port_bytes
    tiles = len(parts) * distinct
    store_cycles = sum(_store_cycles(result, unit, mapping, strips[0][1], target) for unit in share)
    store_cycles *= bands * sweeps * tiles
    residual_cycles = store_cycles if layer.add else 0.0
    compute *= sweeps
    lines = read_cycles + weight_cycles + residual_cycles
    busy = max(compute, lines, elements, store_cycles)
    if not window_overlaps:
        busy = max(compute + max(read_cycles, elements), busy)
    if not ring_overlaps:
        busy = max(compute + weight_cycles, busy)
    fill = (held + segment_words(layer, share[0], box_words, target) * target.word_bytes) / target.port_bytes
    fill = max(fill * len(parts), held / target.window_banks)
    tail = _store_cycles(result, share[-1], mapping, strips[0][1], target) * tiles
    return busy + fill + tail + 40.0 * sweeps


def _unit_cycles(
    layer: Layer,
    geometry: Geometry,
    unit: OutputUnit,
    box_words: int,
    rows: int,
    bands: int,
    chain: int,
    target: Target,
) -> float:
    """Cycles of one output unit over all rows of a part."""
    pool = layer.pool_kernel[0] * layer.pool_kernel[1]
    width = geometry.end_column - geometry.first_column
    groups = unit.groups(target)
    idle = idle_cycles(box_words, rows // bands * width * pool, groups, target, chunked=chain > 1)
    pixels = rows * width * pool
    return chain * (groups * (bands * target.constant_words + pixels * (box_words + idle)) + bands * UNIT_CYCLES)


def _ring(
    layer: Layer, mapping: Mapping, share: list[OutputUnit], segments: int, bands: int, chain: int, target: Target
) -> tuple[int, bool] | None:
    """Weight words that a tile loads in a sweep, and whether loading overlaps computing."""
    if layer.uniform:
        return (segments // max(len(share), 1), True) if mapping.order == Order.RESIDENT else None
    largest = segments // max(len(share), 1)
    if mapping.order == Order.RESIDENT:
        return (segments, True) if segments <= target.weight_words else None
    if mapping.order == Order.HELD:
        if largest > target.weight_words or len(share) == 1 or layer.kind != Kind.DENSE:
            return None
        return segments, 2 * largest <= target.weight_words
    if len(share) == 1 and chain == 1:
        return None
    return segments * bands, 2 * (largest // chain) <= target.weight_words


def _window(
    geometry: Geometry, mapping: Mapping, rows: int, bands: int, units: int
) -> tuple[int, int, bool, int] | None:
    """Window bytes of a sweep, its chunks, whether loading overlaps computing, and bytes before the first unit."""
    size = geometry.target.window_bytes
    pool = geometry.layer.pool_kernel[0]
    band = geometry.band_bytes(mapping.rows * pool)
    slabs = mapping.arrangement != Arrangement.LOG
    if geometry.regions > 1:
        loads = bands * units * geometry.regions
        return band * loads, loads * (mapping.rows * pool if slabs else 1), 2 * band <= size, band
    total = geometry.band_bytes(rows * pool)
    chunk_count = rows * pool if slabs else bands
    if mapping.order == Order.HELD:
        return (total, chunk_count, True, band) if total <= size else None
    step = mapping.rows * pool * geometry.slab_bytes
    return total, chunk_count, band + (step if bands > 1 else 0) <= size, band


def _store_cycles(result: View, unit: OutputUnit, mapping: Mapping, width: int, target: Target) -> float:
    """Cycles of the O engine for a slot."""
    pixels = mapping.rows * width
    if unit.slot_pitch == result.block or result.is_vector:
        runs = 1 if width == result.width else mapping.rows
        size = pixels * unit.slot_pitch
        return SLOT_CYCLES * runs + size / target.port_bytes * (1 + 3 / target.burst_beats)
    return pixels * (SLOT_CYCLES - 1 + unit.channels / target.port_bytes)
