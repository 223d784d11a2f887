"""Capacity: proof that a layer's work fits the buffers, that is, that it cannot deadlock.

What round r asks for must find room once all units of rounds before r are over. As rounds are the order of the program,
of every transfer list and of every tile, each round then ends by itself.
"""

from bisect import bisect_left
from itertools import pairwise

from tileloom.compiler.backend.fold_jobs import kept_from, kept_windows
from tileloom.compiler.backend.work import STALE, Heads, LoadChunk, Unit, Work
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target

MOST_BETWEEN = (1 << 15) - 1 - 2 * STALE
"""Slots between two LOADs, and behind the last one of a layer: see :meth:`Heads.wait_for`."""


def overflow(work: Work, before: Heads, after: Heads, target: Target) -> str:
    """Why the work of a layer does not fit; empty if it does."""
    between = _most_between(work, before, after)
    if between > MOST_BETWEEN:
        return f"{between} output slots between two loads, at most {MOST_BETWEEN}"
    for tile, units in work.units.items():
        bit = 1 << tile
        begins = (units[0].window_base, units[0].weights_base)
        assert begins == (before.window[tile], before.weights[tile]), (
            "the first unit begins where the layer before ended"
        )
        window = [(load.round, load.template.advance) for load in _to(work, isa.Destination.WINDOW, bit)]
        weights = [(portion.round, portion.words) for portion in work.portions if portion.mask & bit]
        residual = [(load.round, load.template.advance) for load in _to(work, isa.Destination.RESIDUAL, bit)]
        rounds = [unit.round for unit in units]
        windows = kept_windows(units, after.window[tile])
        rings = kept_from([*(unit.weights_base for unit in units), after.weights[tile]])
        spans = _residual_positions(units, before.residual[tile])
        for name, claims, start, kept, size in (
            ("window", window, before.window[tile], windows, target.window_activations),
            ("weight ring", weights, before.weights[tile], rings, target.weight_words),
            ("residual buffer", residual, before.residual[tile], spans, target.residual_activations),
        ):
            most = _most(claims, start, rounds, kept)
            if most > size:
                return f"{most} of the {size} of tile {tile}'s {name}"
    return ""


def _most_between(work: Work, before: Heads, after: Heads) -> int:
    """The most slots that are stored from one round with chunks to the next, or to the layer's end."""
    rounds = [slot.round for slot in work.slots]
    counts = [before.stored + bisect_left(rounds, load.round) for load in work.loads]
    return max(end - start for start, end in pairwise([before.loaded, *counts, after.stored]))


def _to(work: Work, destination: isa.Destination, bit: int) -> list[LoadChunk]:
    return [load for load in work.loads if load.mask & bit and load.template.destination == destination]


def _residual_positions(units: list[Unit], start: int) -> list[int]:
    positions = [start]
    for unit in units:
        stores = unit.chunk == unit.chunks - 1
        positions.append(positions[-1] + (unit.template.residual_span if stores else 0))
    return positions


def _most(claims: list[tuple[int, int]], start: int, rounds: list[int], kept: list[int]) -> int:
    """The most that is claimed and not free when a claim is made; ``kept[i]`` is the tail before unit ``i``'s end."""
    head, most = start, 0
    for when, amount in claims:
        head += amount
        done = bisect_left(rounds, when)
        tail = kept[done] if done else start
        most = max(most, head - tail)
    return most
