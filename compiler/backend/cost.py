"""The cost of a mapping: an estimate of a layer's cycles, from what each of the machine's servers has to do."""

from collections.abc import Iterator
from dataclasses import dataclass

from tileloom.compiler.backend.geometry import Geometry, Region
from tileloom.compiler.backend.jobs import idle_cycles, segment_words
from tileloom.compiler.backend.layout import View
from tileloom.compiler.backend.mapping import Arrangement, Mapping, Order
from tileloom.compiler.backend.outputs import OutputUnit, output_units
from tileloom.compiler.backend.partition import cut
from tileloom.compiler.backend.reduction import chunks
from tileloom.compiler.backend.sublayers import largest, sublayers
from tileloom.compiler.fuse import Kind, Layer
from tileloom.hw.spec import timing
from tileloom.hw.spec.config import Target

UNIT_CYCLES = 2
"""Cycles of a tile between two units."""
CHUNK_CYCLES = 4
"""Cycles of the address generator for a chunk, besides its bursts."""
SLOT_CYCLES = 8
"""Cycles of the O engine for a slot and its first burst, besides the beats; each further run takes about as long."""
HANDOVER_CYCLES = 150
"""From the end of a unit to the begin of one of the next layer that reads its results."""
START_CYCLES = 100
"""From the begin of a layer to its first burst, and from the last unit to the end of the last store."""

CROWDING = 8
"""How little servers delay each other that are not the busiest: the power of the mean that joins their cycles."""


@dataclass(frozen=True)
class _Shape:
    """The parts of a mapping that all servers look at."""

    geometry: Geometry
    share: list[OutputUnit]
    """Output units of the busiest tile in one sweep."""
    box_words: int
    chain: int
    """Units that one output unit is summed up in."""
    bands: int
    part_rows: int
    parts: int
    distinct: int
    """Tiles with different outputs."""
    sweeps: int
    """Passes of the busiest tile."""
    strip_width: int
    many: bool
    """Several sublayers, each with input data of its own."""


def estimates(
    layer: Layer, source: View, result: View, mapping: Mapping, orders: list[Order], target: Target
) -> Iterator[tuple[Order, float]]:
    """Cycles of a layer in each of the orders that can work; that of ``mapping`` does not count."""
    shape = _shape(layer, source, result, mapping, target)
    if shape is None:
        return
    tiles = shape.parts * shape.distinct
    slots = [_store_cycles(result, unit, mapping, shape.strip_width, target) for unit in shape.share]
    compute = shape.sweeps * sum(
        _unit_cycles(layer, shape, unit, slot * tiles, target) for unit, slot in zip(shape.share, slots, strict=True)
    )
    stores = sum(slots) * shape.bands * shape.sweeps * tiles
    streams = shape.parts * (shape.distinct if shape.many else 1)
    loads = _window(shape, mapping)
    reads = loads.read_cycles * shape.sweeps * streams
    elements = loads.elements * shape.sweeps * streams
    segment = segment_words(layer, shape.share[0], shape.box_words, target) * target.word_bytes
    segment_cycles = _read_cycles(segment, target)
    first = max(loads.first_reads, loads.first_elements) * (1 + (shape.parts - 1) / 2)
    ends = first + segment_cycles + slots[-1] * tiles + START_CYCLES
    for order in orders:
        ring = _ring(layer, order, shape, target)
        if ring is None or (order == Order.HELD and not loads.holds_part):
            continue
        weights = ring.words * target.word_bytes / segment * segment_cycles
        weights *= (1 if layer.uniform else shape.distinct) * (shape.sweeps if shape.many and not layer.uniform else 1)
        # Weights may come while the layer before computes, as many as the ring holds: the mean of all of them and none.
        late = weights * max(0.0, 1 - target.weight_words / ring.words)
        busy = sum(
            _together(compute, reads + fetched + (stores if layer.add else 0.0), elements, stores) / 2
            for fetched in (weights, late)
        )
        if not (loads.overlaps or order == Order.HELD):
            busy = max(compute + max(reads, elements), busy)
        if not ring.overlaps:
            busy = max(compute + weights, busy)
        behind = compute * max(0.0, 1 - 2 / shape.bands) / (len(shape.share) if order == Order.HELD else 1)
        yield order, busy + ends + max(0.0, HANDOVER_CYCLES - behind)


def _together(*servers: float) -> float:
    """Cycles of servers that work side by side; those that are nearly as busy as the busiest delay each other.

    >>> round(_together(1000.0, 500.0)), round(_together(1000.0, 950.0))
    (1000, 1066)
    """
    busiest = max(servers)
    return busiest * float(sum((server / busiest) ** CROWDING for server in servers) ** (1 / CROWDING))


def _shape(layer: Layer, source: View, result: View, mapping: Mapping, target: Target) -> _Shape | None:
    found = sublayers(layer, source, result)
    strips = cut(result.width, mapping.strips)
    geometry = Geometry(layer, source, largest(found), mapping, target, *strips[0])
    parts = cut(result.height, mapping.tiles_rows)
    many = len(found) > 1
    units = output_units(result, geometry.sublayer, 0, mapping.unit_groups, target)
    loops = chunks(geometry.reduction, mapping.chunk_words or geometry.reduction.words)
    if loops is None:
        return None
    box, boxes = loops
    shares = cut(len(found) if many else len(units), mapping.tiles_out)
    return _Shape(
        geometry=geometry,
        share=units if many else units[: shares[0][1]],
        box_words=box[0] * box[1] * box[2],
        chain=geometry.regions * len(boxes),
        bands=-(-parts[0][1] // mapping.rows),
        part_rows=parts[0][1],
        parts=len(parts),
        distinct=len(shares),
        sweeps=(shares[0][1] if many else 1) * len(strips),
        strip_width=strips[0][1],
        many=many,
    )


def _unit_cycles(layer: Layer, shape: _Shape, unit: OutputUnit, slot: float, target: Target) -> float:
    """Cycles of one output unit over all rows of a part; ``slot`` cycles pass until its slots are stored."""
    rows = shape.part_rows / shape.bands
    pixels = rows * shape.strip_width * layer.pool_kernel[0] * layer.pool_kernel[1]
    groups = unit.groups(target)
    idle = idle_cycles(shape.box_words, max(int(pixels), 1), groups, target, chunked=shape.chain > 1)
    one = groups * (target.constant_words + pixels * (shape.box_words + idle)) + UNIT_CYCLES
    whole = shape.chain * one
    return shape.bands * max(whole, (whole + timing.result_latency(target) + slot) / timing.SLOTS)


@dataclass(frozen=True)
class _Ring:
    words: int
    """Weight words that a tile loads (of many sublayers: in a sweep)."""
    overlaps: bool


def _ring(layer: Layer, order: Order, shape: _Shape, target: Target) -> _Ring | None:
    words = [segment_words(layer, unit, shape.box_words, target) * shape.chain for unit in shape.share]
    total, most = sum(words), max(words)
    strips = 1 if shape.many else shape.sweeps
    if layer.uniform:
        if words[0] <= target.weight_words:
            return _Ring(words[0], True) if order == Order.RESIDENT else None
        if order != Order.STREAMED or shape.chain == 1:
            return None
        each = 2 * (words[0] // shape.chain) <= target.weight_words
        return _Ring(words[0] * len(words) * shape.bands * strips, each)
    match order:
        case Order.RESIDENT:
            return _Ring(total, True) if total <= target.weight_words else None
        case Order.HELD:
            if most > target.weight_words or len(words) == 1 or layer.kind != Kind.DENSE:
                return None
            return _Ring(total * strips, 2 * most <= target.weight_words)
        case Order.STREAMED:
            if len(words) == 1 and shape.chain == 1:
                return None
            return _Ring(total * shape.bands * strips, 2 * (most // shape.chain) <= target.weight_words)


@dataclass(frozen=True)
class _Window:
    """What a sweep loads, and what its first band does."""

    read_cycles: float
    elements: float
    overlaps: bool
    holds_part: bool
    """Whether a tile's rows fit the window all at once."""
    first_reads: float
    first_elements: float


def _window(shape: _Shape, mapping: Mapping) -> _Window:
    geometry = shape.geometry
    size, pool = geometry.target.window_activations, geometry.layer.pool_kernel[0]
    rows = mapping.rows * pool
    band = geometry.band_bytes(rows)
    if mapping.arrangement == Arrangement.LOG:
        halo = (rows - 1) * geometry.row_step + geometry.halo_rows
        first = _load_cost(geometry.log_rows(0, halo, 0), geometry.target)
        more = _load_cost(geometry.log_rows(0, rows * geometry.row_step, 0), geometry.target)
        kept = band + rows * geometry.slab_bytes
    else:
        reads, elements = _load_cost(geometry.slab(0, 0), geometry.target)
        first = more = (reads * rows, elements * rows)
        kept = 2 * band
    if geometry.regions > 1:
        loads = shape.bands * len(shape.share) * geometry.regions
        return _Window(first[0] * loads, first[1] * loads, 2 * band <= size, False, *first)
    later = shape.bands - 1
    total = (first[0] + later * more[0], first[1] + later * more[1])
    holds_part = geometry.band_bytes(shape.part_rows * pool) <= size
    return _Window(*total, not later or kept <= size, holds_part, *first)


def _load_cost(region: Region, target: Target) -> tuple[float, float]:
    """Cycles of the memory, and of the loader, for one chunk; rows in the padding count like others."""
    load = region.template
    rows = load.rows_before + load.rows + load.rows_after
    row_bytes = load.run_bytes // load.rows_per_run
    together = load.rows_per_run > 1 or (load.rows <= 1 and load.run_stride == 0)
    runs, run_bytes = (1, row_bytes * rows) if together else (rows, row_bytes)
    elements = load.blocks * rows * (load.elements + load.pad_left + load.pad_right)
    return load.blocks * runs * _read_cycles(run_bytes, target) + CHUNK_CYCLES, elements


def _read_cycles(count: int, target: Target) -> float:
    """Cycles of the memory for a run of so many bytes, while other bursts are under way."""
    beats = count / target.port_bytes + 0.5
    bursts = max(1.0, count / target.burst_bytes + 0.25)
    latency = target.memory.read_latency + timing.GRANT_TO_REQUEST + timing.READ_RETIRE + 2
    return max(beats, (bursts * latency + beats) / target.outstanding, 2 * bursts)


def _store_cycles(result: View, unit: OutputUnit, mapping: Mapping, width: int, target: Target) -> float:
    """Cycles of the O engine for a slot."""
    pixels = mapping.rows * width
    if unit.slot_pitch == result.block or result.is_vector:
        runs = 1 if width == result.width else mapping.rows
        size = pixels * unit.slot_pitch * target.element_bytes
        return SLOT_CYCLES * runs + size / target.port_bytes * (1 + 3 / target.burst_beats)
    return pixels * (SLOT_CYCLES - 1 + unit.channels / target.port_activations)
