"""LOAD: which activation of memory goes to which place of a log, and in which order."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from tileloom.hw.spec import isa
from tileloom.hw.spec.validate_transfer import last_pitch
from tileloom.sim.functional.buffers import Activations, AddressSpace, Index, Log, no_room

if TYPE_CHECKING:
    from tileloom.sim.functional.machine import Machine


@dataclass(frozen=True)
class ChunkPattern:
    """The activations that one chunk writes, in the order of writing."""

    offsets: Index
    """Behind the log's head, one for each activation written."""
    sources: Index
    """Behind the chunk's address, in activations, for those that are data."""
    is_data: Index
    """Positions of those in ``offsets``; the others are padding."""
    runs: Index
    """First byte of every run that is read, behind the chunk's address."""


@lru_cache(maxsize=1024)
def chunk_pattern(load: isa.Load, element_bytes: int) -> ChunkPattern:
    """The activations of a chunk of ``load``; all its chunks are alike."""
    offsets, sources = _row(load)
    row_taken = (load.elements - 1) * load.take + load.last_take
    block = np.arange(load.blocks)[:, None, None]
    row = np.arange(load.rows_before + load.rows + load.rows_after)[:, None]
    data_row = row - load.rows_before
    run, row_in_run = data_row // load.rows_per_run, data_row % load.rows_per_run
    everywhere = block * load.block_window + row * load.row_window + offsets
    start = (block * load.block_stride + run * load.run_stride) // element_bytes + row_in_run * row_taken
    is_data = (sources >= 0) & (data_row >= 0) & (data_row < load.rows) & (block >= 0)
    runs = np.arange(load.rows // load.rows_per_run) * load.run_stride + block[..., 0] * load.block_stride
    return ChunkPattern(everywhere.reshape(-1), (start + sources)[is_data], np.flatnonzero(is_data), runs.reshape(-1))


def _row(load: isa.Load) -> tuple[Index, Index]:
    """Offsets of a row's activations in the log, and in memory behind the row's first one (-1: padding)."""
    offsets: list[Index] = []
    sources: list[Index] = []
    address = 0

    def padding(count: int) -> int:
        offsets.append(
            (np.arange(count)[:, None] * load.pad_pitch + _places(load, load.pad_write)).reshape(-1) + address
        )
        sources.append(np.full(count * load.pad_write, -1))
        return count * load.pad_pitch

    address += padding(load.pad_left)
    for count, first, size in ((load.elements - 1, 0, load.write), (1, load.elements - 1, load.last_write)):
        element = np.arange(first, first + count)[:, None]
        offsets.append((address + element * load.pitch + _places(load, size)).reshape(-1))
        sources.append((element * load.take + np.arange(size)).reshape(-1))
    address += (load.elements - 1) * load.pitch + last_pitch(load)
    padding(load.pad_right)
    return np.concatenate(offsets), np.concatenate(sources)


def _places(load: isa.Load, size: int) -> Index:
    """Where the activations of an element go, behind its address."""
    number = np.arange(size)
    return number // load.piece * load.spread + number % load.piece if load.piece else number


def fetch_chunk(load: isa.Load, pattern: ChunkPattern, space: AddressSpace, address: int) -> Activations:
    """What a chunk at ``address`` writes ``(frames, offsets)``, padding included."""
    if len(pattern.runs):
        space.check(address + int(pattern.runs.min()), address + int(pattern.runs.max()) + load.run_bytes)
    data = space.read(address, pattern.sources)
    values = np.full((len(data), len(pattern.offsets)), np.array(load.pad_value).astype(data.dtype))
    values[:, pattern.is_data] = data
    return values


def _title(load: isa.Load, band: int) -> str:
    return f"stream A (LOAD tag {load.tag}, band {band})"


def load_engine(machine: "Machine") -> Iterator[str]:
    """The A unit: executes LOADs in order; yields what it waits for."""
    while True:
        while not machine.load_queue.has_next:
            yield ""
        load = machine.load_queue.take(isa.Load)
        space = machine.spaces[load.space]
        pattern = chunk_pattern(load, machine.target.element_bytes)
        for band in range(load.bands):
            after = load.after + band * load.after_step
            for part in range(load.parts):
                while load.wait and (machine.stored - after) % (1 << 16) >= 1 << 15:
                    missing = (after - machine.stored) % (1 << 16)
                    yield f"{_title(load, band)} waits for `stored` to go up by {missing} more"
                tiles = machine.tiles_of(load.mask << (part * load.part_shift))
                logs: list[Log] = [
                    tile.residual if load.destination == isa.Destination.RESIDUAL else tile.window for tile in tiles
                ]
                for tile, log in zip(tiles, logs, strict=True):
                    while missing := log.missing(load.advance):
                        yield f"{_title(load, band)} waits for {no_room(tile.number, missing)}"
                address = load.address + band * load.band_stride + part * load.part_stride
                values = fetch_chunk(load, pattern, space, address)
                for log in logs:
                    log.reserved += load.advance
                    log.write(pattern.offsets, values)
                    log.head += load.advance
                machine.advanced()
        machine.load_queue.finish()
