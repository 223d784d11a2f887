"""The rules of LOAD, WEIGHTS and STORE; see :mod:`.validate`."""

from collections.abc import Iterable, Iterator
from itertools import product

from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.quant import signed_range


def load_violations(load: isa.Load, target: Target, memory_bytes: int | None) -> Iterator[str]:
    """Broken rules of a LOAD."""
    broken = [
        *_counts(load, ("bands", "parts", "blocks", "rows_per_run", "elements")),
        *_masks(load.mask, load.parts, load.part_shift, target),
        *_space(load.space, target),
        *_elements(load, target),
    ]
    yield from broken
    if load.rows_before + load.rows + load.rows_after == 0:
        yield "rows_before + rows + rows_after must be at least 1, not 0"
    least, greatest = signed_range(target.activation_bits)
    if not least <= load.pad_value <= greatest:
        yield f"pad_value must be from {least} to {greatest}, not {load.pad_value}"
    residual = load.destination == isa.Destination.RESIDUAL
    size = target.residual_activations if residual else target.window_activations
    if residual and not size:
        yield f"destination residual needs the element-wise add, which target {target.name} leaves out"
    elif load.advance > size:
        yield f"advance must be at most the log's {size} activations, not {load.advance}"
    if broken:
        return
    first, behind = _written(load)
    if first < 0 or behind > load.advance:
        yield f"what is written must lie within 0 .. advance = {load.advance} of the head, not {first} .. {behind}"
    if load.rows:
        strides = ("address", "band_stride", "part_stride", "block_stride", "run_stride", "run_bytes")
        yield from _aligned(load, strides, target)
        yield from _runs(load, target)
        corners = ((load.bands, load.band_stride), (load.parts, load.part_stride), (load.blocks, load.block_stride))
        runs = (load.rows // load.rows_per_run, load.run_stride)
        yield from _range(load.address, (*corners, runs), load.run_bytes, load.space, target, memory_bytes)


def _elements(load: isa.Load, target: Target) -> Iterator[str]:
    banks = target.window_banks
    forms = [("last_write", load.last_write, "last_take", load.last_take)]
    if load.elements > 1:
        forms.append(("write", load.write, "take", load.take))
    for write_name, write, take_name, take in forms:
        if not 1 <= write <= take <= banks:
            yield (
                f"{write_name} and {take_name} must be 1 <= {write_name} <= {take_name} <= window_banks = {banks}, "
                f"not {write} and {take}"
            )
    if load.pad_left + load.pad_right and not 1 <= load.pad_write <= banks:
        yield f"pad_write must be from 1 to window_banks = {banks}, not {load.pad_write}"
    if load.piece:
        yield from _spread(load, target)


def _spread(load: isa.Load, target: Target) -> Iterator[str]:
    if not load.piece <= isa.PIECE_MAXIMUM or not load.piece < load.spread:
        yield (
            f"piece and spread must be piece <= {isa.PIECE_MAXIMUM} and piece < spread, "
            f"not {load.piece} and {load.spread}"
        )
    sizes = {"last_write": load.last_write}
    if load.elements > 1:
        sizes["write"] = load.write
    if load.pad_left + load.pad_right:
        sizes["pad_write"] = load.pad_write
    for name, size in sizes.items():
        if (reach := spread_reach(load, size)) > target.window_banks:
            yield f"{name} must end below window_banks = {target.window_banks} when it is spread, not at {reach}"


def spread_reach(load: isa.Load, size: int) -> int:
    """From an element's first activation to the one behind its last, of an element of ``size`` activations."""
    if not load.piece or not size:
        return size
    return (size - 1) // load.piece * load.spread + (size - 1) % load.piece + 1


def _written(load: isa.Load) -> tuple[int, int]:
    """First activation, and the one behind the last, that a chunk writes, relative to the head."""
    data = load.pad_left * load.pad_pitch
    last = data + (load.elements - 1) * load.pitch
    right = last + last_pitch(load)
    pieces = [(last, load.last_write)]
    if load.elements > 1:
        pieces += [(data, load.write), (last - load.pitch, load.write)]
    for start, count in ((0, load.pad_left), (right, load.pad_right)):
        if count:
            pieces += [(start, load.pad_write), (start + (count - 1) * load.pad_pitch, load.pad_write)]
    rows = load.rows_before + load.rows + load.rows_after
    low, high = _extremes(((load.blocks, load.block_window), (rows, load.row_window)))
    return low + min(start for start, _ in pieces), high + max(start + spread_reach(load, n) for start, n in pieces)


def last_pitch(load: isa.Load) -> int:
    """What the last data element of a row adds to the address in the log."""
    if load.piece:
        return load.last_pitch
    return load.last_write if load.pitch == load.write else load.pitch


def _runs(load: isa.Load, target: Target) -> Iterator[str]:
    if load.rows % load.rows_per_run:
        yield f"rows_per_run must divide rows = {load.rows}, not {load.rows_per_run}"
    needed = load.rows_per_run * ((load.elements - 1) * load.take + load.last_take) * target.element_bytes
    if load.run_bytes < needed:
        yield f"run_bytes must be at least the {needed} bytes that the run's elements take, not {load.run_bytes}"
    elif load.run_bytes - needed >= target.staging_bytes:
        yield (
            f"run_bytes must leave fewer than staging_bytes = {target.staging_bytes} bytes of a run unread, "
            f"not {load.run_bytes - needed}"
        )


def weights_violations(weights: isa.Weights, target: Target, memory_bytes: int | None) -> Iterator[str]:
    """Broken rules of a WEIGHTS."""
    yield from _counts(weights, ("repeats", "portions", "parts", "words"))
    yield from _masks(weights.mask, weights.parts, weights.part_shift, target)
    yield from _space(weights.space, target)
    if weights.address % target.port_bytes:
        yield f"address must be a multiple of port_bytes = {target.port_bytes}, not {weights.address}"
    if weights.words > target.weight_words:
        yield f"words must be at most weight_words = {target.weight_words}, not {weights.words}"
    beats = -(-weights.words * target.word_bytes // target.port_bytes)
    if weights.beats != beats:
        yield f"beats must be {beats}, which hold {weights.words} words, not {weights.beats}"
    size = weights.portions * weights.parts * weights.beats * target.port_bytes
    yield from _range(weights.address, (), size, weights.space, target, memory_bytes)


def store_violations(store: isa.Store, target: Target, memory_bytes: int | None) -> Iterator[str]:
    """Broken rules of a STORE."""
    counts = [*_counts(store, ("outer", "inner", "parts", "subparts"))]
    yield from counts
    yield from _space(store.space, target)
    tiles = {
        store.tile + part * store.part_tiles + subpart * store.subpart_tiles
        for part, subpart in product(range(store.parts), range(store.subparts))
    }
    for tile in sorted(tiles):
        if not 0 <= tile < target.tiles:
            yield f"tile must stay below {target.tiles} for all parts and subparts, not {tile}"
    if not store.runs or counts:
        return
    if not store.run_bytes:
        yield "run_bytes must be at least 1, not 0"
    strides = ("address", "outer_stride", "inner_stride", "part_stride", "subpart_stride", "run_stride", "run_bytes")
    yield from _aligned(store, strides, target)
    reach = (store.runs - 1) * store.run_slot * target.element_bytes + store.run_bytes
    if reach > target.slot_bytes:
        yield f"runs must end within slot_bytes = {target.slot_bytes}, not at {reach}"
    loops = (
        (store.outer, store.outer_stride),
        (store.inner, store.inner_stride),
        (store.parts, store.part_stride),
        (store.subparts, store.subpart_stride),
        (store.runs, store.run_stride),
    )
    yield from _range(store.address, loops, store.run_bytes, store.space, target, memory_bytes)


def _aligned(instruction: isa.Load | isa.Store, fields: Iterable[str], target: Target) -> Iterator[str]:
    for field in fields:
        if getattr(instruction, field) % target.element_bytes:
            yield f"{field} must be a multiple of {target.element_bytes} bytes, not {getattr(instruction, field)}"


def _counts(instruction: isa.Instruction, fields: Iterable[str]) -> Iterator[str]:
    for field in fields:
        if getattr(instruction, field) < 1:
            yield f"{field} must be at least 1, not {getattr(instruction, field)}"


def _masks(mask: int, parts: int, shift: int, target: Target) -> Iterator[str]:
    widest = mask << (max(parts - 1, 0) * shift)
    if not mask > 0 or widest >= 1 << target.tiles:
        yield f"mask must name some of the {target.tiles} tiles in every part, not {mask:#x} to {widest:#x}"


def _space(space: int, target: Target) -> Iterator[str]:
    if space == isa.Space.MAP and not target.map_bytes:
        yield f"space map needs the map buffer, which target {target.name} leaves out"


def _extremes(loops: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Least and greatest offset that loops of (count, stride) reach."""
    reached = [(count - 1) * stride for count, stride in loops]
    return sum(min(0, r) for r in reached), sum(max(0, r) for r in reached)


def _range(
    address: int,
    loops: Iterable[tuple[int, int]],
    size: int,
    space: int,
    target: Target,
    memory_bytes: int | None,
) -> Iterator[str]:
    if memory_bytes is None:
        return
    low, high = _extremes(loops)
    limit = target.map_bytes if space == isa.Space.MAP else memory_bytes
    behind = -(-(address + high + size) // target.port_bytes) * target.port_bytes
    if address + low < 0 or behind > limit:
        yield f"addresses must stay within the {limit} bytes of their space, not {address + low} .. {behind}"
