"""Energy of each tile by itself: the frame's events, counted with every instruction cut down to one tile."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace

from tileloom.hw.spec import isa
from tileloom.hw.spec.program import Program
from tileloom.sim.cycle.counts import Counts, count_events, total_events

Price = Callable[[Mapping[str, int]], float]
"""Joules of a tile's events."""
TILE_EVENTS = (
    "active_steps",
    "weight_words_read",
    "constant_words",
    "idle_cycles",
    "accumulator_reads",
    "accumulator_writes",
    "results",
    "table_lookups",
    "residual_bytes_read",
    "slot_bytes_written",
    "window_bytes_written",
    "residual_bytes_written",
    "weight_bytes_loaded",
    "slot_beats_read",
)
"""Events that happen inside tiles; the others belong to the smart DMA, the memories and the sequencer."""


def tile_events(program: Program, tile: int) -> dict[str, int]:
    """Events of a frame inside one tile; those of all tiles sum to the frame's. Events outside tiles are 0."""
    own = list(_instructions_of(program, tile))
    counted = total_events(count_events(own, program.target))
    return {name: count if name in TILE_EVENTS else 0 for name, count in counted.items()}


def _instructions_of(program: Program, tile: int) -> Iterable[isa.Instruction]:
    for instruction in program.instructions:
        match instruction:
            case isa.Job() if instruction.mask >> tile & 1:
                yield replace(instruction, mask=1)
            case isa.Load() | isa.Weights():
                shifts = (part * instruction.part_shift for part in range(instruction.parts))
                parts = sum(instruction.mask << shift >> tile & 1 for shift in shifts)
                if parts:
                    yield replace(instruction, mask=1, parts=parts, part_shift=0)
            case isa.Store():
                for part in range(instruction.parts):
                    for subpart in range(instruction.subparts):
                        source = instruction.tile + part * instruction.part_tiles + subpart * instruction.subpart_tiles
                        if source == tile:
                            yield _part(instruction, part, subpart)
            case _:
                pass


def _part(store: isa.Store, part: int, subpart: int) -> isa.Store:
    """One tile's part of a STORE."""
    address = store.address + part * store.part_stride + subpart * store.subpart_stride
    return replace(store, tile=0, address=address, parts=1, subparts=1)


def tile_joules(program: Program, price: Price) -> list[float]:
    """Joules of each tile for what it does in a frame; what it takes while it waits (clock, leakage) is not in it."""
    idle = price(dict.fromkeys(asdict(Counts()), 0))
    return [price(tile_events(program, tile)) - idle for tile in range(program.target.tiles)]
