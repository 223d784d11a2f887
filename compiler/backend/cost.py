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
from tileloom.compiler.backend.sublayers import Sublayer
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
class _Cut:
    """A sublayer's output units of so many groups of columns, their sums cut into chunks of so many steps."""

    units: list[OutputUnit]
    words: list[int]
    """Weight words of each unit, all its chunks together."""
    box_words: int
    chain: int
    """Units that one output unit is summed up in."""


@dataclass(frozen=True)
class _Shape:
    """The parts of a mapping that all servers look at."""

    share: list[OutputUnit]
    """Output units of the busiest tile in one sweep."""
    words: list[int]
    """Their weight words."""
    box_words: int
    chain: int
    bands: int
    part_rows: int
    parts: int
    distinct: int
    """Tiles with different outputs."""
    sweeps: int
    """Passes of the busiest tile."""
    many: bool
    """Several sublayers, each with input data of its own."""


class Estimator:
    """Estimates for those mappings of a layer that lay its data out in the window alike, as one geometry says.

    They differ in the tiles that share the work, in the rows of a band, and in the groups and steps of a unit; what
    depends on few of these is worked out once. ``found`` are the layer's sublayers.
    """

    def __init__(self, geometry: Geometry, result: View, found: list[Sublayer]) -> None:
        self._geometry, self._result = geometry, result
        self._sublayers = len(found)
        self._strips = len(cut(result.width, geometry.mapping.strips))
        self._width = geometry.end_column - geometry.first_column
        self._cuts: dict[tuple[int, int], _Cut | None] = {}
        self._slots: dict[tuple[int, int], list[float]] = {}
        self._loads: dict[int, _BandLoads] = {}

    def estimates(self, mapping: Mapping, orders: tuple[Order, ...]) -> Iterator[tuple[Order, float]]:
        """Cycles of the layer in each of the orders that can work; that of ``mapping`` does not count."""
        layer, target = self._geometry.layer, self._geometry.target
        shape = self._shape(mapping)
        if shape is None:
            return
        tiles = shape.parts * shape.distinct
        slots = self._slot_cycles(mapping)[: len(shape.share)]
        compute = shape.sweeps * _sum(self._unit_cycles(shape, slots, tiles))
        stores = _sum(slots) * shape.bands * shape.sweeps * tiles
        streams = shape.parts * (shape.distinct if shape.many else 1)
        loads = self._window(shape, mapping.rows)
        reads = loads.read_cycles * shape.sweeps * streams
        elements = loads.elements * shape.sweeps * streams
        segment = shape.words[0] // shape.chain * target.word_bytes
        segment_cycles = _read_cycles(segment, target)
        first = max(loads.band.first_reads, loads.band.first_elements) * (1 + (shape.parts - 1) / 2)
        ends = first + segment_cycles + slots[-1] * tiles + START_CYCLES
        for order in orders:
            ring = _ring(layer, order, shape, target)
            if ring is None or (order == Order.HELD and not loads.holds_part):
                continue
            weights = ring.words * target.word_bytes / segment * segment_cycles
            if not layer.uniform:
                weights *= shape.distinct * (shape.sweeps if shape.many else 1)
            # Weights may come while the layer before computes, as many as the ring holds: the mean of all and none.
            late = weights * max(0.0, 1 - target.weight_words / ring.words)
            adding = stores if layer.add else 0.0
            busy = _together(compute, reads + weights + adding, elements, stores) / 2
            busy += _together(compute, reads + late + adding, elements, stores) / 2
            if not (loads.overlaps or order == Order.HELD):
                busy = max(compute + max(reads, elements), busy)
            if not ring.overlaps:
                busy = max(compute + weights, busy)
            behind = compute * max(0.0, 1 - 2 / shape.bands) / (len(shape.share) if order == Order.HELD else 1)
            yield order, busy + ends + max(0.0, HANDOVER_CYCLES - behind)

    def _shape(self, mapping: Mapping) -> _Shape | None:
        found = self._cut(mapping.unit_groups, mapping.chunk_words)
        if found is None:
            return None
        parts = cut(self._result.height, mapping.tiles_rows)
        many = self._sublayers > 1
        shares = cut(self._sublayers if many else len(found.units), mapping.tiles_out)
        count = len(found.units) if many else shares[0][1]
        return _Shape(
            share=found.units[:count],
            words=found.words[:count],
            box_words=found.box_words,
            chain=found.chain,
            bands=-(-parts[0][1] // mapping.rows),
            part_rows=parts[0][1],
            parts=len(parts),
            distinct=len(shares),
            sweeps=(shares[0][1] if many else 1) * self._strips,
            many=many,
        )

    def _cut(self, groups: int, chunk_words: int) -> _Cut | None:
        key = (groups, chunk_words)
        if key not in self._cuts:
            self._cuts[key] = self._cut_anew(groups, chunk_words)
        return self._cuts[key]

    def _cut_anew(self, groups: int, chunk_words: int) -> _Cut | None:
        geometry = self._geometry
        loops = chunks(geometry.reduction, chunk_words or geometry.reduction.words)
        if loops is None:
            return None
        box, boxes = loops
        box_words, chain = box[0] * box[1] * box[2], geometry.regions * len(boxes)
        units = output_units(self._result, geometry.sublayer, 0, groups, geometry.target)
        words = [segment_words(geometry.layer, unit, box_words, geometry.target) * chain for unit in units]
        return _Cut(units, words, box_words, chain)

    def _slot_cycles(self, mapping: Mapping) -> list[float]:
        """Cycles of the O engine for a slot of each unit."""
        key = (mapping.rows, mapping.unit_groups)
        if key not in self._slots:
            units = output_units(self._result, self._geometry.sublayer, 0, mapping.unit_groups, self._geometry.target)
            self._slots[key] = [
                _store_cycles(self._result, unit, mapping.rows, self._width, self._geometry.target) for unit in units
            ]
        return self._slots[key]

    def _unit_cycles(self, shape: _Shape, slots: list[float], tiles: int) -> list[float]:
        """Cycles of each output unit over all rows of a part."""
        known: dict[tuple[int, float], float] = {}
        found = []
        for unit, slot in zip(shape.share, slots, strict=True):
            key = (unit.channels, slot)
            if key not in known:
                known[key] = _unit_cycles(self._geometry, shape, unit, slot * tiles)
            found.append(known[key])
        return found

    def _band(self, rows: int) -> "_BandLoads":
        if rows not in self._loads:
            self._loads[rows] = _band_loads(self._geometry, rows)
        return self._loads[rows]

    def _window(self, shape: _Shape, rows: int) -> "_Window":
        geometry, band = self._geometry, self._band(rows)
        size = geometry.target.window_activations
        if geometry.regions > 1:
            loads = shape.bands * len(shape.share) * geometry.regions
            return _Window(band, band.first_reads * loads, band.first_elements * loads, 2 * band.size <= size, False)
        later = shape.bands - 1
        reads = band.first_reads + later * band.more_reads
        elements = band.first_elements + later * band.more_elements
        holds_part = geometry.band_bytes(shape.part_rows * geometry.layer.pool_kernel[0]) <= size
        return _Window(band, reads, elements, not later or band.kept <= size, holds_part)


@dataclass(frozen=True)
class _BandLoads:
    """What bands of so many rows load, the first one and each later one, and their activations in the window."""

    first_reads: float
    first_elements: float
    more_reads: float
    more_elements: float
    size: int
    kept: int
    """With the data of the next one beside it."""


@dataclass(frozen=True)
class _Window:
    """What a sweep loads."""

    band: _BandLoads
    read_cycles: float
    elements: float
    overlaps: bool
    holds_part: bool
    """Whether a tile's rows fit the window all at once."""


def _band_loads(geometry: Geometry, band_rows: int) -> _BandLoads:
    rows = band_rows * geometry.layer.pool_kernel[0]
    size = geometry.band_bytes(rows)
    if geometry.mapping.arrangement == Arrangement.LOG:
        halo = (rows - 1) * geometry.row_step + geometry.halo_rows
        first = _load_cost(geometry.log_rows(0, halo, 0), geometry.target)
        more = _load_cost(geometry.log_rows(0, rows * geometry.row_step, 0), geometry.target)
        return _BandLoads(*first, *more, size, size + rows * geometry.slab_bytes)
    reads, elements = _load_cost(geometry.slab(0, 0), geometry.target)
    return _BandLoads(reads * rows, elements * rows, reads * rows, elements * rows, size, 2 * size)


def _together(*servers: float) -> float:
    """Cycles of servers that work side by side; those that are nearly as busy as the busiest delay each other.

    >>> round(_together(1000.0, 500.0)), round(_together(1000.0, 950.0))
    (1000, 1066)
    """
    busiest = max(servers)
    total = 0.0
    for server in servers:
        total += (server / busiest) ** CROWDING
    return busiest * float(total ** (1 / CROWDING))


def _sum(values: list[float]) -> float:
    """Additions one after another: ``sum`` rounds differently from one version of Python to the next."""
    total = 0.0
    for value in values:
        total += value
    return total


def _unit_cycles(geometry: Geometry, shape: _Shape, unit: OutputUnit, slot: float) -> float:
    """Cycles of one output unit over all rows of a part; ``slot`` cycles pass until its slots are stored."""
    layer, target = geometry.layer, geometry.target
    rows, width = shape.part_rows / shape.bands, geometry.end_column - geometry.first_column
    pixels = rows * width * layer.pool_kernel[0] * layer.pool_kernel[1]
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
    words = shape.words
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


def _store_cycles(result: View, unit: OutputUnit, rows: int, width: int, target: Target) -> float:
    """Cycles of the O engine for a slot."""
    pixels = rows * width
    if unit.slot_pitch == result.block or result.is_vector:
        runs = 1 if width == result.width else rows
        size = pixels * unit.slot_pitch * target.element_bytes
        return SLOT_CYCLES * runs + size / target.port_bytes * (1 + 3 / target.burst_beats)
    return pixels * (SLOT_CYCLES - 1 + unit.channels / target.port_activations)
