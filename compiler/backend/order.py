"""Order of the program: instructions by the round that first needs them, weights as far ahead as their queue allows."""

from dataclasses import dataclass, replace

from tileloom.compiler.backend.fold_jobs import FoldedJob
from tileloom.compiler.backend.fold_transfers import Folded
from tileloom.compiler.fuse import Layer
from tileloom.hw.spec import isa
from tileloom.hw.spec.quant import PiecewiseLinear
from tileloom.hw.spec.timing import WEIGHTS_QUEUE_WORDS

WEIGHTS_AHEAD = (WEIGHTS_QUEUE_WORDS - 2) // isa.words_of(isa.Weights) + 1
"""WEIGHTS instructions that the sequencer can always get rid of: those that the queue holds, and one in the shadow."""


@dataclass(frozen=True)
class Placed:
    """An instruction with its sort key: round, then kind (weights, loads, table, jobs, stores, weights ahead)."""

    round: int
    kind: int
    instruction: isa.Instruction
    tensor: str = ""
    offset: int = 0


@dataclass(frozen=True)
class LayerInstructions:
    """What folding made of a layer."""

    layer: Layer
    first_round: int
    loads: list[Folded]
    weights: list[Folded]
    stores: list[Folded]
    jobs: list[FoldedJob]
    """Masks filled in."""


def joined_jobs(by_tile: dict[int, list[FoldedJob]]) -> list[FoldedJob]:
    """Equal JOBs that begin in the same round on several tiles, as one with a mask."""
    masks: dict[FoldedJob, int] = {}
    for tile, jobs in by_tile.items():
        for job in jobs:
            masks[job] = masks.get(job, 0) | 1 << tile
    return [FoldedJob(job.round, replace(job.job, mask=mask)) for job, mask in masks.items()]


def ordered(layers: list[LayerInstructions], segments: int) -> list[Placed]:
    """All instructions of all layers in the order of the program.

    An instruction waits only for what rounds before its own have done, so that this order cannot deadlock. A WEIGHTS
    is moved ahead of its round to that in which the one WEIGHTS_AHEAD before it ends: then the queue has room for it.
    """
    placed: list[Placed] = []
    ends: list[int] = []
    tables: dict[int, PiecewiseLinear] = {}
    for work in layers:
        for item in work.weights:
            early = ends[-WEIGHTS_AHEAD] if len(ends) >= WEIGHTS_AHEAD else 0
            ahead = early < item.round
            placed.append(Placed(min(early, item.round), 5 if ahead else 0, item.instruction, "", item.offset))
            ends.append(item.last_round)
        placed += [Placed(item.round, 1, item.instruction, item.tensor, item.offset) for item in work.loads]
        placed += _tables(work, tables, segments)
        placed += [Placed(item.round, 3, item.job) for item in work.jobs]
        placed += [Placed(item.round, 4, item.instruction, item.tensor, item.offset) for item in work.stores]
    return sorted(placed, key=lambda item: (item.round, item.kind))


def _tables(work: LayerInstructions, tables: dict[int, PiecewiseLinear], segments: int) -> list[Placed]:
    """The TABLE of a layer for those of its tiles that hold another one."""
    table = work.layer.table
    if table is None:
        return []
    mask = 0
    for item in work.jobs:
        mask |= item.job.mask
    tiles = [tile for tile in range(mask.bit_length()) if mask >> tile & 1 and tables.get(tile) != table]
    if not tiles:
        return []
    tables.update(dict.fromkeys(tiles, table))
    fine = refined(table, segments)
    chosen = sum(1 << tile for tile in tiles)
    tag = work.jobs[0].job.tag
    return [Placed(work.first_round, 2, isa.Table(tag=tag, mask=chosen, slopes=fine.slopes, offsets=fine.offsets))]


def refined(table: PiecewiseLinear, segments: int) -> PiecewiseLinear:
    """The same function in more segments.

    >>> coarse = PiecewiseLinear((1,) * 8, tuple(8192 * i - 32768 for i in range(8)), 1)
    >>> fine = refined(coarse, 16)
    >>> len(fine.slopes), fine.evaluate(100, -128, 127), fine.evaluate(-7, -128, 127)
    (16, 50, -4)
    """
    while len(table.slopes) < segments:
        half = 1 << (table.fraction_bits - 1)
        slopes = tuple(slope for slope in table.slopes for _ in range(2))
        offsets = tuple(
            offset + part * slope * half
            for slope, offset in zip(table.slopes, table.offsets, strict=True)
            for part in range(2)
        )
        table = PiecewiseLinear(slopes, offsets, table.shift)
    return table
