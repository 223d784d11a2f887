"""Random LOADs that write every activation of a given length, in many orders."""

from dataclasses import dataclass, replace

from tests.programs.draw import Draw
from tests.programs.memory_plan import MemoryPlan, Region
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.quant import signed_range


@dataclass(frozen=True)
class TileSet:
    """Tiles ``first + i * step``, i < count, with one bit each in ``mask``."""

    first: int
    step: int
    count: int

    @property
    def tiles(self) -> list[int]:
        """Their numbers."""
        return [self.first + i * self.step for i in range(self.count)]

    @property
    def mask(self) -> int:
        """Their bits."""
        return sum(1 << tile for tile in self.tiles)


def loads(plan: MemoryPlan, tiles: TileSet, destination: int, total: int, largest: int) -> list[isa.Load]:
    """LOADs that bring ``total`` activations into a log of every tile, in chunks of at most ``largest``."""
    draw = plan.draw
    made: list[isa.Load] = []
    while total:
        bands = draw.divisor(total, 6) if draw.chance(0.5) else 1
        advance = total // bands
        if advance > largest or draw.chance(0.3):
            bands, advance = 1, draw.integer(1, min(total, largest))
        total -= bands * advance
        made.append(one_load(plan, tiles, destination, bands, advance))
    return made


def one_load(plan: MemoryPlan, tiles: TileSet, destination: int, bands: int, advance: int) -> isa.Load:
    """One LOAD of ``bands`` chunks of ``advance`` activations for every tile, each of which is written."""
    draw, target = plan.draw, plan.target
    least, greatest = signed_range(target.activation_bits)
    shares = tiles.count == 1 or draw.chance(0.6)
    load = replace(
        _pattern(draw, target, advance),
        mask=tiles.mask if shares else 1 << tiles.first,
        parts=1 if shares else tiles.count,
        part_shift=draw.integer(0, 3) if shares else tiles.step,
        destination=destination,
        pad_value=draw.pick([0, least, greatest, draw.integer(least, greatest)]),
        bands=bands,
        advance=advance,
    )
    return _place(plan, load)


def _pattern(draw: Draw, target: Target, advance: int) -> isa.Load:
    """Window side and element sizes of a chunk."""
    rows = draw.divisor(advance, 8) if draw.chance(0.7) else 1
    row_bytes = advance // rows
    if draw.chance(0.45):
        load = _contiguous(draw, target, row_bytes)
        blocks = draw.divisor(rows, 4)
        rows //= blocks
        load = replace(load, blocks=blocks, row_window=row_bytes, block_window=rows * row_bytes)
        if draw.chance(0.3):
            load = replace(load, row_window=blocks * row_bytes, block_window=row_bytes)
    else:
        load, rows = _elements(draw, target, rows, row_bytes)
    before = draw.integer(0, rows) if draw.chance(0.3) else 0
    after = draw.integer(0, rows - before) if draw.chance(0.3) else 0
    return replace(load, rows_before=before, rows=rows - before - after, rows_after=after)


def _contiguous(draw: Draw, target: Target, row_bytes: int) -> isa.Load:
    """A row as one string: pad_left, elements one behind the other, pad_right."""
    pad_write = draw.small(target.window_banks)
    left = draw.integer(0, 3) if draw.chance(0.4) else 0
    right = draw.integer(0, 3) if draw.chance(0.4) else 0
    if (left + right) * pad_write >= row_bytes:
        left = right = 0
    data = row_bytes - (left + right) * pad_write
    write = target.window_banks if draw.chance(0.5) else draw.integer(1, target.window_banks)
    elements = -(-data // write)
    last_write = data - (elements - 1) * write
    return _blank(
        elements=elements,
        write=write,
        take=_take(draw, target, write),
        last_write=last_write,
        last_take=_take(draw, target, last_write),
        pitch=write,
        pad_left=left,
        pad_right=right,
        pad_write=pad_write,
        pad_pitch=pad_write,
    )


def _elements(draw: Draw, target: Target, rows: int, row_bytes: int) -> tuple[isa.Load, int]:
    """Elements at a pitch, with blocks or rows between them; returns the rows of a block."""
    write = draw.divisor(row_bytes, target.window_banks)
    blocks = draw.divisor(row_bytes // write, 4)
    elements = row_bytes // (write * blocks)
    left = draw.integer(0, min(elements - 1, 9)) if draw.chance(0.4) else 0
    right = draw.integer(0, min(elements - 1 - left, 9)) if draw.chance(0.4) else 0
    if draw.chance(0.4):  # slabs: the rows stand between the elements
        pitch, row_window, block_window = rows * write, write, rows * write * elements
    else:  # the blocks stand between the elements
        pitch, row_window, block_window = blocks * write, row_bytes, write
    # at pitch == write the last element moves on by last_write, which is write here
    if write <= isa.PIECE_MAXIMUM and write < pitch and write + pitch <= target.window_banks and draw.chance(0.7):
        load = _spread(draw, target, write, pitch, elements - left - right, left, right)
        return replace(load, blocks=blocks, row_window=row_window, block_window=block_window), rows
    load = _blank(
        elements=elements - left - right,
        write=write,
        take=_take(draw, target, write),
        last_write=write,
        last_take=_take(draw, target, write),
        pitch=pitch,
        pad_left=left,
        pad_right=right,
        pad_write=write,
        pad_pitch=pitch,
        blocks=blocks,
        row_window=row_window,
        block_window=block_window,
    )
    return load, rows


def _spread(draw: Draw, target: Target, piece: int, pitch: int, pieces: int, left: int, right: int) -> isa.Load:
    """Pieces of data, those of padding before and after them, ``pitch`` apart, several in an element."""
    most = (target.window_banks - piece) // pitch + 1
    together = draw.integer(1, most)
    elements = -(-pieces // together)
    last = pieces - (elements - 1) * together
    padded = draw.pick([n for n in range(1, most + 1) if left % n == 0 and right % n == 0])
    return _blank(
        elements=elements,
        write=together * piece,
        take=_take(draw, target, together * piece),
        last_write=last * piece,
        last_take=_take(draw, target, last * piece),
        pitch=together * pitch,
        last_pitch=last * pitch,
        pad_left=left // padded,
        pad_right=right // padded,
        pad_write=padded * piece,
        pad_pitch=padded * pitch,
        piece=piece,
        spread=pitch,
    )


def _take(draw: Draw, target: Target, write: int) -> int:
    return draw.integer(write, target.window_banks) if draw.chance(0.25) else write


def _blank(**fields: int) -> isa.Load:
    return isa.Load(**{**dict(mask=1, address=0, advance=0, rows=1, rows_per_run=1, run_bytes=1), **fields})


def _place(plan: MemoryPlan, load: isa.Load) -> isa.Load:
    """Memory side: runs, strides, and a source, which may be a region that is stored earlier."""
    draw = plan.draw
    per_run = draw.divisor(load.rows, load.rows) if load.rows else 1
    taken = per_run * ((load.elements - 1) * load.take + load.last_take) * plan.target.element_bytes
    if draw.chance(0.1):
        taken += plan.draw_bytes(1, min(3 * plan.target.port_bytes, plan.target.staging_bytes - 1))
    load = replace(load, rows_per_run=per_run, run_bytes=taken)
    if draw.chance(0.7) and (placed := _from_slots(plan, load)):
        return placed
    loops = {
        "run_stride": load.rows // per_run,
        "block_stride": load.blocks,
        "band_stride": load.bands,
        "part_stride": load.parts,
    }
    spread = draw.pick([0, 1, 1, 1, 2])
    strides, low, high = {}, 0, 0
    for name, count in loops.items():
        extent = high - low + taken
        stride = draw.pick([extent, extent * spread, draw.integer(0, extent), 0]) if extent < 6000 else 0
        stride = plan.whole(stride)
        stride = -stride if draw.chance(0.2) else stride
        strides[name] = stride if count > 1 else plan.draw_bytes(-50, 50)
        low, high = low + min(0, (count - 1) * stride), high + max(0, (count - 1) * stride)
    load = replace(load, **strides)
    size = high - low + taken
    port = plan.target.port_bytes
    sources = [r for r in plan.readable if r.size >= size and _beats_fit(plan, r)]
    stored = [r for r in sources if r.stored]
    if sources and draw.chance(0.6):
        region = draw.pick(stored if stored and draw.chance(0.7) else sources)
    else:
        region = plan.input(size + (plan.draw_bytes(0, 3 * port) if draw.chance(0.5) else 0))
    address = region.address - low + plan.draw_bytes(0, region.size - size)
    return _waiting(draw, replace(load, address=address, space=region.space), region)


def _beats_fit(plan: MemoryPlan, region: Region) -> bool:
    """Whole beats around the region lie in its space (always so in memory, which ends behind the program)."""
    port = plan.target.port_bytes
    return (
        region.space == isa.Space.MEMORY or -(-(region.address + region.size) // port) * port <= plan.target.map_bytes
    )


def _waiting(draw: Draw, load: isa.Load, region: Region) -> isa.Load:
    if region.stored:
        return replace(load, wait=1, after=region.stored % (1 << 16))
    if draw.chance(0.1):
        return replace(load, wait=1, after=0)
    return replace(load, after=draw.integer(0, 65535), after_step=draw.integer(0, 3))


def _from_slots(plan: MemoryPlan, load: isa.Load) -> isa.Load | None:
    """Band b from the piece that slot b of a STORE wrote, waiting for no more than that."""
    draw = plan.draw
    row_bytes = ((load.elements - 1) * load.take + load.last_take) * plan.target.element_bytes
    pieces = [r for r in plan.readable if r.slots >= load.bands > 1 and _beats_fit(plan, r)]
    longest = max((r.slot_size for r in pieces), default=0)
    per_run = max((n for n in range(1, load.rows + 1) if load.rows % n == 0 and n * row_bytes <= longest), default=1)
    load = replace(load, rows_per_run=per_run, run_bytes=per_run * row_bytes)
    fitting = [r for r in pieces if r.slot_size >= load.run_bytes]
    if not fitting:
        return None
    region = draw.pick(fitting)
    skipped = draw.integer(0, region.slots - load.bands)
    return replace(
        load,
        address=region.address + skipped * region.slot_stride + plan.draw_bytes(0, region.slot_size - load.run_bytes),
        space=region.space,
        band_stride=region.slot_stride,
        wait=1,
        after=(region.stored - region.slots + 1 + skipped) % (1 << 16),
        after_step=1,
    )
