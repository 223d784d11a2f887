"""Copies: the work of an Assemble that is not done by addresses alone, transfer by transfer.

The pieces become nests over the places of the tensors in memory, the nests transfers. What no piece writes is filled.
"""

from dataclasses import dataclass, replace

import numpy as np

from tileloom.compiler.backend import reduction
from tileloom.compiler.backend.layout import View
from tileloom.compiler.backend.nests import Indices, Nest, nests
from tileloom.compiler.backend.outputs import OutputUnit
from tileloom.compiler.backend.readiness import Readiness
from tileloom.compiler.backend.segments import segment
from tileloom.compiler.backend.transfers import Transfer, cycles, image_limit, transfers
from tileloom.compiler.backend.work import Heads, LoadChunk, Portion, Slot, Unit, Work
from tileloom.compiler.fuse import Kind, Layer
from tileloom.compiler.graph import Assemble
from tileloom.compiler.integer.assemble import source_elements, target_elements
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target
from tileloom.hw.spec.timing import emission_cycles


@dataclass(frozen=True)
class Copy:
    """Nests between two tensors; without ``source`` the elements written get ``fill``."""

    source: View | None
    target: View
    nests: tuple[Nest, ...]
    fill: int | None = None

    @property
    def elements(self) -> int:
        """Number of elements written."""
        return sum(nest.elements for nest in self.nests)


def copies(assemble: Assemble, views: dict[str, View], target: Target) -> list[Copy]:
    """The copies that make an Assemble's output, the fastest found for each of its inputs, and the filling."""
    output = views[assemble.output]
    missing = np.ones(output.numbers, np.bool_)
    found = []
    for name in dict.fromkeys(piece.input for piece in assemble.pieces):
        pieces = [piece for piece in assemble.pieces if piece.input == name]
        sources = np.concatenate([source_elements(piece) for piece in pieces])
        targets = np.concatenate([target_elements(piece) for piece in pieces])
        missing[targets] = False
        places = (views[name].places(sources), output.places(targets))
        found.append(Copy(views[name], output, fastest(*places, target)))
    if missing.any():
        unwritten = np.sort(output.places(np.flatnonzero(missing)))
        found.append(Copy(None, output, tuple(nests(unwritten, unwritten)), assemble.fill))
    return found


def fastest(source: Indices, target_places: Indices, target: Target) -> tuple[Nest, ...]:
    """Nests in the order given, or in that of the places written: those that take fewer cycles."""
    limit = image_limit(target, len(source))
    order = np.argsort(target_places, kind="stable")
    tries = [nests(source, target_places)]
    if (np.diff(order) != 1).any():
        tries.append(nests(source[order], target_places[order]))
    return tuple(min(tries, key=lambda found: sum(cycles(nest, limit, target) for nest in found)))


def copying(found: list[Copy]) -> str:
    """The copies in words, for the map of jobs."""
    parts = []
    for copy in found:
        what = f"{copy.elements} elements" + (f" filled with {copy.fill}" if copy.source is None else " copied")
        parts.append(f"{what} in {len(copy.nests)} loop nest{'s' if len(copy.nests) > 1 else ''}")
    return ", ".join(parts)


def place_copies(
    layer: Layer, found: list[Copy], target: Target, heads: Heads, readiness: Readiness, start: int, tag: int
) -> Work:
    """The work of a layer of copies, whose weights lie at ``start``; ``heads`` and ``readiness`` move on with it."""
    total = sum(copy.elements for copy in found)
    limit = image_limit(target, total)
    units = [
        (copy, transfer)
        for copy in found
        for nest in copy.nests
        for transfer in transfers(nest, limit, target, copy.fill)
    ]
    work = Work(tag)
    for first in range(0, len(units), target.tiles):
        group = units[first : first + target.tiles]
        waits = [
            readiness.needed_places(copy.source, *transfer.reads) if copy.source is not None else 0
            for copy, transfer in group
        ]
        after = heads.wait_for(max(waits))
        for tile, (copy, transfer) in enumerate(group):
            _load(work, tile, copy, transfer, after, target, heads)
        if not first:
            _load_weights(work, len(group), start, target, heads)
        for tile, (copy, transfer) in enumerate(group):
            _compute(work, layer, tile, transfer, target, heads)
            offset = transfer.target * target.element_bytes
            work.slots.append(Slot(heads.round, replace(transfer.store, tag=tag), tile, copy.target.tensor, offset))
            heads.stored += 1
            readiness.written_places(copy.target, *transfer.writes, heads.stored)
        heads.round += 1
    return work


def _pixels(transfer: Transfer, target: Target) -> int:
    return -(-transfer.elements // target.columns)


def _load(work: Work, tile: int, copy: Copy, transfer: Transfer, after: int, target: Target, heads: Heads) -> None:
    advance = _pixels(transfer, target) * target.columns
    template = replace(transfer.load, tag=work.tag, advance=advance)
    view = copy.source or copy.target
    offset = (transfer.source if copy.source is not None else 0) * target.element_bytes
    work.loads.append(LoadChunk(heads.round, template, 1 << tile, view.tensor, offset, after))
    heads.window[tile] += advance


def _load_weights(work: Work, tiles: int, start: int, target: Target, heads: Heads) -> None:
    words = target.constant_words + _steps(target)
    beats = -(-words * target.word_bytes // target.port_bytes)
    work.portions.append(Portion(heads.round, (1 << tiles) - 1, start, words, beats))
    for tile in range(tiles):
        heads.weights[tile] += words


def _steps(target: Target) -> int:
    """Steps of a pixel: the array hands ``columns`` elements on, on the diagonal of a dense one by one per lane."""
    return 1 if target.channelwise else -(-target.columns // target.lanes)


def _compute(work: Work, layer: Layer, tile: int, transfer: Transfer, target: Target, heads: Heads) -> None:
    pixels, steps = _pixels(transfer, target), _steps(target)
    words = target.constant_words + steps
    template = isa.Job(
        tag=work.tag,
        mask=0,
        mode=int(layer.kind),
        window_span=pixels * target.columns,
        weights_span=words,
        steps=steps,
        step_window=target.lanes if steps > 1 else 0,
        idle=max(0, emission_cycles(target) - steps),
        pixels_x=pixels,
        pixel_x_window=target.columns,
        group_words=0,
        low=layer.low,
        high=layer.high,
        slot_pitch=target.columns if pixels > 1 else 0,
        last_valid=target.columns,
    )
    bases = heads.window[tile] - pixels * target.columns, heads.weights[tile] - words
    work.units.setdefault(tile, []).append(Unit(heads.round, template, *bases))


def copy_weights(layer: Layer, target: Target) -> bytes:
    """Constants and weights of one group of columns that hands its elements on unchanged."""
    unit = OutputUnit(0, 0, target.columns, target.columns)
    if layer.kind == Kind.DENSE:
        position = np.arange(_steps(target) * target.lanes).reshape(-1, target.lanes)
        index = np.where(position < target.columns, position, -1)
    else:
        index = reduction.tap_by_tap((1, 1), 1, target.columns, 0, target.lanes).index.reshape(-1, target.lanes)
    body = segment(layer, layer.weights.reshape(target.columns, -1), unit, index, target)
    return body + bytes(-len(body) % target.port_bytes)
