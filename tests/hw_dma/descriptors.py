"""Random descriptors for the smart DMA: every form that the contract allows, inside the window and the map buffer."""

import random
from collections.abc import Sequence
from itertools import product

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target

WINDOW_BYTES = 1 << 16
"""Size of the address window in these tests."""
MEMORY_BYTES = 1 << 15
"""What is read lies below, what is written above: memories differ in what a read sees of a write under way."""


def random_load(rng: random.Random, target: Target, tags: int, stored: int) -> isa.Load:
    """A LOAD whose wait, if it has one, ends when ``stored`` slots are stored; ``tags`` marks it."""
    while True:
        load = _any_load(rng, target, tags, stored)
        low, high = _extent(load)
        size = target.map_bytes if load.space else MEMORY_BYTES
        if high - low <= size - 2 * target.port_bytes and load.run_bytes < 1 << 11:
            address = rng.randrange(size - (high - low) - target.port_bytes) - low
            if rng.random() < 0.3:
                address = -low  # from the very first byte
            fields = {name: getattr(load, name) for name, _, _ in isa.layout(isa.Load)}
            return isa.Load(**{**fields, "address": address, "tag": tags})


def _any_load(rng: random.Random, target: Target, tag: int, stored: int) -> isa.Load:
    banks = target.window_banks
    write = rng.choice((1, banks, rng.randint(1, banks)))
    take = rng.choice((write, banks, rng.randint(write, banks)))
    last_write = rng.choice((write, rng.randint(1, banks)))
    last_take = rng.choice((last_write, rng.randint(last_write, banks)))
    piece, spread, most = _spread(rng, banks)
    write, last_write = min(write, most), min(last_write, most)
    rows_per_run = rng.choice((1, 1, 2, 3))
    rows = rows_per_run * rng.choice((0, 1, 1, 2, 3))
    elements = rng.choice((1, 1, 2, 5, 9))
    consumed = rows_per_run * ((elements - 1) * take + last_take)
    trailing = rng.choice((0, 0, 1, rng.randrange(target.port_bytes), rng.randrange(target.staging_bytes)))
    pads = [rng.choice((0, 0, 1, 3)) for _ in range(4)]
    if not rows and not pads[0]:
        pads[1] = 2
    any_pad = pads[2] or pads[3]
    stride = [rng.randint(-600, 600) for _ in range(3)]
    part_shift = rng.choice((0, 1))
    bands, steps = rng.choice((1, 1, 2, 3)), rng.choice((0, 1))
    wait = int(stored > 2 * bands and rng.random() < 0.3)
    return isa.Load(
        tag=tag,
        mask=rng.randrange(1, 1 << target.tiles),
        address=0,
        destination=rng.randrange(2) if target.residual_bytes else 0,
        space=rng.randrange(2) if target.map_bytes else 0,
        pad_value=rng.randint(-128, 127),
        wait=wait,
        after=rng.randint(0, stored - bands * steps) if wait else rng.randrange(1 << 16),
        after_step=steps,
        bands=bands,
        band_stride=stride[0],
        parts=rng.choice((1, 1, 2, target.tiles)),
        part_stride=stride[1],
        part_shift=part_shift,
        advance=rng.randint(1, target.residual_bytes // 4 or target.window_bytes // 4),
        blocks=rng.choice((1, 1, 2, 3)),
        block_stride=stride[2],
        block_window=rng.randint(-5000, 5000),
        rows_before=pads[0],
        rows=rows,
        rows_after=pads[1],
        row_window=rng.randint(-3000, 3000),
        rows_per_run=rows_per_run,
        run_bytes=consumed + trailing if rows else rng.randrange(100),
        run_stride=rng.choice((consumed, rng.randint(-300, 300))),
        elements=elements,
        take=take,
        write=write,
        last_take=last_take,
        last_write=last_write,
        pitch=rng.choice((write, rng.randint(-300, 300))),
        pad_left=pads[2],
        pad_right=pads[3],
        pad_write=rng.randint(1, most) if any_pad else 0,
        pad_pitch=rng.randint(-300, 300),
        piece=piece,
        spread=spread,
        last_pitch=rng.randint(-300, 300),
    )


def _spread(rng: random.Random, banks: int) -> tuple[int, int, int]:
    """Piece and spread of elements (0, now and then, for none), and the most bytes that an element then has."""
    if rng.random() < 0.6:
        return 0, rng.randrange(64), banks
    piece = rng.randint(1, min(isa.PIECE_MAXIMUM, banks // 2 - 1))
    spread = rng.randint(piece + 1, min(banks - piece, 63))
    return piece, spread, ((banks - piece) // spread + 1) * piece


def _extent(load: isa.Load) -> tuple[int, int]:
    """First byte and end of all that a LOAD at address 0 reads."""
    counts = (load.bands, load.parts, load.blocks, load.rows // load.rows_per_run)
    strides = (load.band_stride, load.part_stride, load.block_stride, load.run_stride)
    if not load.rows:
        return 0, 1
    starts = [
        sum(i * s for i, s in zip(index, strides, strict=True))
        for index in product(*(range(count) for count in counts))
    ]
    return min(starts), max(starts) + load.run_bytes


def random_weights(rng: random.Random, target: Target, tag: int) -> isa.Weights:
    """A WEIGHTS of short portions."""
    while True:
        words = rng.choice((1, rng.randint(1, 6)))
        beats = -(-words * target.word_bytes // target.port_bytes)
        portions, parts = rng.choice((1, 2, 3)), rng.choice((1, 2))
        space = rng.randrange(2) if target.map_bytes else 0
        size = target.map_bytes if space else MEMORY_BYTES
        bytes_ = beats * portions * parts * target.port_bytes
        if bytes_ <= size:
            places = (size - bytes_) // target.port_bytes
            return isa.Weights(
                tag=tag,
                mask=rng.randrange(1, 1 << target.tiles),
                address=rng.choice((places, rng.randint(0, places))) * target.port_bytes,
                space=space,
                repeats=rng.choice((1, 1, 2)),
                portions=portions,
                parts=parts,
                part_shift=rng.choice((0, 1)),
                words=words,
                beats=beats,
            )


def random_store(rng: random.Random, target: Target, tag: int) -> isa.Store:
    """A STORE of short runs from anywhere in the slot to anywhere."""
    while True:
        tiles = target.tiles
        parts, part_tiles = rng.choice(((1, 0), (2, 0), (min(tiles, 3), 1), (min(tiles, 2), -1)))
        subparts, subpart_tiles = rng.choice(((1, 0), (2, 0), (min(tiles, 2), 1)))
        reach = [p * part_tiles + s * subpart_tiles for p in range(parts) for s in range(subparts)]
        runs = rng.choice((0, 1, 1, 2, 4))
        run_bytes = rng.choice((1, target.port_bytes, rng.randint(1, 2 * target.burst_bytes), rng.randint(1, 40)))
        run_slot = rng.choice((run_bytes, rng.randint(0, 60)))
        space = rng.randrange(2) if target.map_bytes else 0
        size = target.map_bytes if space else MEMORY_BYTES
        outer, inner = rng.choice((1, 1, 2)), rng.choice((1, 2))
        strides = [rng.randint(-200, 200) for _ in range(5)]
        counts = (outer, inner, parts, subparts, max(runs, 1))
        starts = [sum(i * s for i, s in zip(index, strides, strict=True)) for index in product(*map(range, counts))]
        low, high = min(starts), max(starts) + run_bytes
        tile = rng.randrange(tiles)
        inside = all(0 <= tile + r < tiles for r in reach)
        base = 0 if space else WINDOW_BYTES - MEMORY_BYTES
        places = size - (high - low)
        if inside and places >= 0 and runs * run_slot + run_bytes <= target.slot_bytes:
            return isa.Store(
                tag=tag,
                tile=tile,
                space=space,
                address=base + rng.choice((0, places, rng.randint(0, places))) - low,
                outer=outer,
                outer_stride=strides[0],
                inner=inner,
                inner_stride=strides[1],
                parts=parts,
                part_stride=strides[2],
                part_tiles=part_tiles,
                subparts=subparts,
                subpart_stride=strides[3],
                subpart_tiles=subpart_tiles,
                runs=runs,
                run_bytes=run_bytes,
                run_stride=strides[4],
                run_slot=run_slot,
            )


def slots_of(store: isa.Store) -> int:
    """Slots that a STORE counts."""
    return store.outer * store.inner * store.parts * store.subparts if store.runs else 0


def random_words(target: Target, seed: int, count: int) -> dict[str, list[int]]:
    """Words of every line; every wait ends, since what it waits for is stored by stores that wait for nothing."""
    rng = random.Random(seed)
    stores = [random_store(rng, target, tag) for tag in range(count)]
    stored = sum(slots_of(store) for store in stores)
    loads = [random_load(rng, target, tag, stored) for tag in range(count)]
    weights = [random_weights(rng, target, tag) for tag in range(count)]
    lines: dict[str, Sequence[isa.Instruction]] = {
        "addresses": loads,
        "loader": loads,
        "weights": weights,
        "store": stores,
    }
    return {name: [word for one in line for word in isa.encode(one)] for name, line in lines.items()}
