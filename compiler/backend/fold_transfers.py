"""Folding of transfers: equal chunks, portions and slots with evenly spaced addresses become one instruction's loops.

Folding never changes the order of items: an instruction's loops run through them exactly as the lists had them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from tileloom.compiler.backend.work import LoadChunk, Portion, Slot
from tileloom.hw.spec import isa

Item = TypeVar("Item")


@dataclass(frozen=True)
class Folded:
    """A transfer with its address still relative (to its tensor, or to the program's weights), and its rounds."""

    round: int
    last_round: int
    instruction: isa.Load | isa.Weights | isa.Store
    tensor: str = ""
    offset: int = 0


def _runs(items: list[Item], joins: Callable[[list[Item], Item], bool], most: int) -> list[list[Item]]:
    """Cut a list into the longest runs in which each item joins those before it."""
    runs: list[list[Item]] = []
    for item in items:
        if runs and len(runs[-1]) < most and joins(runs[-1], item):
            runs[-1].append(item)
        else:
            runs.append([item])
    return runs


# Loads: parts inside bands.


@dataclass(frozen=True)
class _Parts:
    chunk: LoadChunk
    count: int
    shift: int
    stride: int
    last_round: int


def fold_loads(chunks: list[LoadChunk]) -> list[Folded]:
    """LOADs of a layer."""
    parts = [_parts(run) for run in _runs(chunks, _part_joins, 63)]
    return [_bands(run) for run in _runs(parts, _band_joins, 0xFFFF)]


def _part_joins(run: list[LoadChunk], chunk: LoadChunk) -> bool:
    first, last = run[0], run[-1]
    if replace(chunk, mask=first.mask, offset=first.offset) != first or chunk.mask <= last.mask:
        return False
    shift = (chunk.mask // last.mask).bit_length() - 1
    if last.mask << shift != chunk.mask or not 0 < shift < 64:
        return False
    if len(run) == 1:
        return True
    even = chunk.offset - last.offset == run[1].offset - first.offset
    return even and run[1].mask == first.mask << shift


def _parts(run: list[LoadChunk]) -> _Parts:
    if len(run) == 1:
        return _Parts(run[0], 1, 0, 0, run[0].round)
    shift = (run[1].mask // run[0].mask).bit_length() - 1
    return _Parts(run[0], len(run), shift, run[1].offset - run[0].offset, run[-1].round)


def _band_joins(run: list[_Parts], parts: _Parts) -> bool:
    first, last = run[0], run[-1]
    chunk = replace(parts.chunk, round=first.chunk.round, offset=first.chunk.offset, after=first.chunk.after)
    if chunk != first.chunk or (parts.count, parts.shift, parts.stride) != (first.count, first.shift, first.stride):
        return False
    if (parts.chunk.after > 0) != (first.chunk.after > 0) or parts.chunk.after < last.chunk.after:
        return False
    if len(run) == 1:
        return True
    second = run[1].chunk
    return (
        parts.chunk.offset - last.chunk.offset == second.offset - first.chunk.offset
        and parts.chunk.after - last.chunk.after == second.after - first.chunk.after
    )


def _bands(run: list[_Parts]) -> Folded:
    first = run[0].chunk
    stride = run[1].chunk.offset - first.offset if len(run) > 1 else 0
    step = run[1].chunk.after - first.after if len(run) > 1 else 0
    instruction = replace(
        first.template,
        mask=first.mask,
        bands=len(run),
        band_stride=stride,
        parts=run[0].count,
        part_stride=run[0].stride,
        part_shift=run[0].shift,
        wait=int(first.after > 0),
        after=first.after & 0xFFFF,
        after_step=step & 0xFFFF,
    )
    return Folded(first.round, run[-1].last_round, instruction, first.tensor, first.offset)


# Weights: parts inside portions inside repeats, all of one linear run of memory.


def fold_weights(portions: list[Portion], port_bytes: int, tag: int) -> list[Folded]:
    """WEIGHTS of a layer."""
    parts = _runs(portions, lambda run, item: _portion_part_joins(run, item, port_bytes), 63)
    linear = _runs(parts, lambda run, item: _portion_joins(run, item, port_bytes), 0xFFFF)
    repeats = _runs(linear, lambda run, item: _same_portions(run[0], item), 0xFFFF)
    folded = []
    for repeat in repeats:
        group = repeat[0][0]
        first = group[0]
        instruction = isa.Weights(
            tag=tag,
            mask=first.mask,
            address=0,
            repeats=len(repeat),
            portions=len(repeat[0]),
            parts=len(group),
            part_shift=(group[1].mask // first.mask).bit_length() - 1 if len(group) > 1 else 0,
            words=first.words,
            beats=first.beats,
        )
        folded.append(Folded(first.round, repeat[-1][-1][-1].round, instruction, "", first.address))
    return folded


def _portion_part_joins(run: list[Portion], item: Portion, port_bytes: int) -> bool:
    first, last = run[0], run[-1]
    same = (item.round, item.words, item.beats) == (first.round, first.words, first.beats)
    if not same or item.address != last.address + last.beats * port_bytes or item.mask <= last.mask:
        return False
    shift = (item.mask // last.mask).bit_length() - 1
    if last.mask << shift != item.mask:
        return False
    return len(run) == 1 or run[1].mask == first.mask << shift


def _portion_joins(run: list[list[Portion]], item: list[Portion], port_bytes: int) -> bool:
    last = run[-1][-1]
    follows = item[0].address == last.address + last.beats * port_bytes
    return follows and _masks(item) == _masks(run[0])


def _masks(parts: list[Portion]) -> list[tuple[int, int, int]]:
    return [(part.mask, part.words, part.beats) for part in parts]


def _same_portions(first: list[list[Portion]], item: list[list[Portion]]) -> bool:
    return first[0][0].address == item[0][0].address and [_masks(p) for p in first] == [_masks(p) for p in item]


# Stores: subparts inside parts inside inner inside outer.


@dataclass(frozen=True)
class _Level:
    """A nest of slots: the first slot, and for each loop (innermost first) count, address stride and tile stride."""

    slot: Slot
    loops: tuple[tuple[int, int, int], ...]
    last_round: int


def fold_stores(slots: list[Slot]) -> list[Folded]:
    """STOREs of a layer."""
    nests = [_Level(slot, (), slot.round) for slot in slots]
    for most, in_round in ((63, True), (63, True), (0xFFFF, False), (0xFFFF, False)):
        nests = [_nest(run) for run in _runs(nests, partial(_nests, in_round=in_round), most)]
    return [_store(nest) for nest in nests]


def _nests(run: list[_Level], item: _Level, *, in_round: bool) -> bool:
    first, last = run[0], run[-1]
    same = item.loops == first.loops and item.slot.template == first.slot.template
    if not same or item.slot.tensor != first.slot.tensor:
        return False
    tile = item.slot.tile - last.slot.tile
    if in_round:
        if item.slot.round != first.slot.round or not 0 < tile < 32:
            return False
    elif tile:
        return False
    if len(run) == 1:
        return True
    second = run[1].slot
    return (
        item.slot.offset - last.slot.offset == second.offset - first.slot.offset
        and tile == second.tile - first.slot.tile
    )


def _nest(run: list[_Level]) -> _Level:
    first = run[0].slot
    offset = run[1].slot.offset - first.offset if len(run) > 1 else 0
    tile = run[1].slot.tile - first.tile if len(run) > 1 else 0
    return _Level(first, (*run[0].loops, (len(run), offset, tile)), run[-1].last_round)


def _store(nest: _Level) -> Folded:
    subparts, parts, inner, outer = nest.loops
    instruction = replace(
        nest.slot.template,
        tile=nest.slot.tile,
        subparts=subparts[0],
        subpart_stride=subparts[1],
        subpart_tiles=subparts[2],
        parts=parts[0],
        part_stride=parts[1],
        part_tiles=parts[2],
        inner=inner[0],
        inner_stride=inner[1],
        outer=outer[0],
        outer_stride=outer[1],
    )
    return Folded(nest.slot.round, nest.last_round, instruction, nest.slot.tensor, nest.slot.offset)
