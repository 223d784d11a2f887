"""Copies: the work of an Assemble that is not done by addresses alone, transfer by transfer.

The pieces become nests over the places of the tensors in memory, the nests transfers. What no piece writes is filled.
"""

from dataclasses import dataclass, replace

import numpy as np

from tileloom.compiler.backend import reduction
from tileloom.compiler.backend.arrange import fresh
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

SLOW = 3
"""Cycles an element, by estimate, from which on a copy is also tried by way of other places."""

SAMPLE = 500
"""Nests of a copy that an estimate looks at."""


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
    taken = {*views, *(view.tensor for view in views.values())}
    found: list[Copy] = []
    for name in dict.fromkeys(piece.input for piece in assemble.pieces):
        pieces = [piece for piece in assemble.pieces if piece.input == name]
        sources = np.concatenate([source_elements(piece) for piece in pieces])
        targets = np.concatenate([target_elements(piece) for piece in pieces])
        missing[targets] = False
        own = fresh(f"{name} for {assemble.output}, read", taken), fresh(f"{name} for {assemble.output}, made", taken)
        found += _route(sources, targets, views[name], output, own, target)
    if missing.any():
        unwritten = np.sort(output.places(np.flatnonzero(missing)))
        found.append(Copy(None, output, tuple(nests(unwritten, unwritten)), assemble.fill))
    return found


def scratch_places(found: list[Copy], views: dict[str, View]) -> list[View]:
    """Views of the places that copies need besides the tensors'."""
    taken = {view.tensor for view in views.values()}
    return [copy.target for copy in found if copy.target.tensor not in taken]


def _route(
    sources: Indices, targets: Indices, source: View, output: View, own: tuple[str, str], target: Target
) -> list[Copy]:
    """Copies of elements by number: directly, or where that is slow by way of places in plain order.

    ``own`` are names for such places. Blocks break up what would be even in the order of element numbers; into that
    order and out of it elements move evenly, whatever is done in it.
    """
    direct = [_copy(source.places(sources), source, targets, output, target)]
    if _cost(direct, target) <= SLOW * len(sources) or len(sources) < target.burst_bytes:
        return direct
    read, written = np.unique(sources), np.sort(targets)
    before, behind = _plain(source, own[0]), _plain(output, own[1])
    into, out = (
        _copy(source.places(read), source, read, before, target),
        _copy(written, behind, written, output, target),
    )
    routes = [
        direct,
        [into, _copy(sources, before, targets, output, target)],
        [_copy(source.places(sources), source, targets, behind, target), out],
        [into, _copy(sources, before, targets, behind, target), out],
    ]
    return min(routes, key=lambda route: _cost(route, target))


def _copy(source_places: Indices, source: View, targets: Indices, output: View, target: Target) -> Copy:
    """Loop nests in the order of the numbers written, or in that of their places: those that take fewer cycles."""
    target_places = output.places(targets)
    tries = []
    for order in (np.argsort(targets, kind="stable"), np.argsort(target_places, kind="stable")):
        tries.append(Copy(source, output, tuple(nests(source_places[order], target_places[order]))))
    return min(tries, key=lambda copy: _cost([copy], target))


def _cost(route: list[Copy], target: Target) -> float:
    """About how many cycles copies take; of very many nests only some are looked at."""
    total = 0.0
    for copy in route:
        step = -(-len(copy.nests) // SAMPLE)
        some = copy.nests[::step]
        limit = image_limit(target, copy.elements)
        total += sum(cycles(nest, limit, target) for nest in some) * len(copy.nests) / len(some)
    return total


def _plain(view: View, name: str) -> View:
    """A place of its own for elements in the order of their numbers."""
    pixels = view.height * view.width
    return View(name, view.numbers // pixels, view.height, view.width, 1, view.element_bytes)


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
    work = Work(tag)
    groups = _groups(found, target)
    for number, group in enumerate(groups):
        waits = [
            readiness.needed_places(copy.source, *transfer.reads) if copy.source is not None else 0
            for copy, transfer in group
        ]
        after = heads.wait_for(max(waits))
        for tile, (copy, transfer) in enumerate(group):
            _load(work, tile, copy, transfer, after, target, heads)
        if not number:
            _load_weights(work, max(len(group) for group in groups), start, target, heads)
        for tile, (copy, transfer) in enumerate(group):
            _compute(work, layer, tile, transfer, target, heads)
            offset = transfer.target * target.element_bytes
            work.slots.append(Slot(heads.round, replace(transfer.store, tag=tag), tile, copy.target.tensor, offset))
            heads.stored += 1
            readiness.written_places(copy.target, *transfer.writes, heads.stored)
        heads.round += 1
    return work


def _groups(found: list[Copy], target: Target) -> list[list[tuple[Copy, Transfer]]]:
    """Transfers that run side by side on the tiles; none reads what another one of them writes."""
    limit = image_limit(target, sum(copy.elements for copy in found))
    stages: list[list[tuple[Copy, Transfer]]] = [[]]
    written: set[str] = set()
    for copy in found:
        if copy.source is not None and copy.source.tensor in written:
            stages.append([])
            written.clear()
        written.add(copy.target.tensor)
        stages[-1] += [(copy, part) for nest in copy.nests for part in transfers(nest, limit, target, copy.fill)]
    return [stage[i : i + target.tiles] for stage in stages for i in range(0, len(stage), target.tiles)]


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
