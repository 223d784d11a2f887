"""Placement: the complete work of one layer under a mapping, item by item, with positions in every log."""

from dataclasses import dataclass, replace
from itertools import chain, zip_longest

from tileloom.compiler.backend.geometry import Region
from tileloom.compiler.backend.jobs import job
from tileloom.compiler.backend.layout import View
from tileloom.compiler.backend.mapping import Arrangement, Mapping, Order
from tileloom.compiler.backend.outputs import OutputUnit, residual, store
from tileloom.compiler.backend.partition import Pass, Step, steps, streams
from tileloom.compiler.backend.readiness import Readiness
from tileloom.compiler.backend.segment_store import SegmentKey, SegmentStore
from tileloom.compiler.backend.work import Heads, LoadChunk, Portion, Slot, Unit, Work
from tileloom.compiler.fuse import Layer
from tileloom.hw.spec.config import Target


@dataclass(frozen=True)
class _Microstep:
    """A step of a stream, one box of its reduction."""

    stream: int
    step: Step
    sweep: Pass
    region: int
    chunk: int
    number: int
    count: int

    @property
    def key(self) -> tuple[int, int]:
        """Stream and pass."""
        return self.stream, self.step.sweep

    @property
    def is_last(self) -> bool:
        """Whether its units store results."""
        return self.number == self.count - 1

    @property
    def units(self) -> list[tuple[int, OutputUnit]]:
        """Tiles that take part, each with its output unit."""
        chosen = self.sweep.outputs.items()
        return [(tile, units[self.step.unit]) for tile, units in chosen if self.step.unit < len(units)]

    @property
    def rows(self) -> tuple[int, int]:
        """Output rows (after the pool), first and end."""
        return self.sweep.bands[self.step.band]

    @property
    def columns(self) -> tuple[int, int]:
        """Output columns, first and end."""
        return self.sweep.geometry.first_column, self.sweep.geometry.end_column


class Placer:
    """Places one layer; ``heads`` and ``readiness`` move on, and ``segments`` fills, as :meth:`place` runs."""

    def __init__(
        self,
        layer: Layer,
        views: dict[str, View],
        mapping: Mapping,
        target: Target,
        heads: Heads,
        readiness: Readiness,
        segments: SegmentStore,
        tag: int,
    ) -> None:
        self.layer, self.views, self.mapping, self.target = layer, views, mapping, target
        self.heads, self.readiness, self.segments = heads, readiness, segments
        self.source, self.result = views[layer.input], views[layer.output]
        self.streams = streams(layer, self.source, self.result, mapping, target)
        self.work = Work(tag, units={tile: [] for stream in self.streams for tile in stream.tiles})
        self._loaded: dict[tuple[int, int], int] = {}
        self._start: dict[tuple[int, int], dict[int, int]] = {}
        self._held: dict[int, dict[SegmentKey, int]] = {tile: {} for tile in self.work.units}
        self._held_for: dict[int, OutputUnit | None] = dict.fromkeys(self.work.units)

    def place(self) -> Work:
        """All rounds of the layer, at most one microstep of every stream in each.

        All streams begin a pass in the same round, so that chunks of a pass stay evenly spaced and become one LOAD even
        where the last stream has fewer rows.
        """
        sweeps = zip_longest(*(self._sweeps(number) for number in range(len(self.streams))), fillvalue=())
        for row in chain.from_iterable(zip_longest(*sweep) for sweep in sweeps):
            active = [micro for micro in row if micro is not None]
            self._load_window(active)
            self._load_residuals(active)
            self._load_weights(active)
            self._store(active)
            self.heads.round += 1
        return self.work

    def _sweeps(self, number: int) -> list[list[_Microstep]]:
        """The microsteps of a stream, pass by pass."""
        stream = self.streams[number]
        found: list[list[_Microstep]] = [[] for _ in stream.passes]
        for step in steps(stream, self.mapping.order):
            sweep = stream.passes[step.sweep]
            boxes = len(self.segments.boxes(sweep.geometry)[1])
            count = sweep.geometry.regions * boxes
            found[step.sweep] += [
                _Microstep(number, step, sweep, n // boxes, n % boxes, n, count) for n in range(count)
            ]
        return found

    def _load_window(self, active: list[_Microstep]) -> None:
        """Chunks of all streams alternate, so that parts join into one LOAD."""
        wanted = [(micro, self._regions(micro)) for micro in active]
        chunks: list[LoadChunk] = []
        for regions in zip_longest(*(regions for _, regions in wanted)):
            for (micro, _), region in zip(wanted, regions, strict=True):
                if region is not None:
                    chunks.append(self._window_chunk(micro, region))
        self._add_loads(chunks)

    def _window_chunk(self, micro: _Microstep, region: Region) -> LoadChunk:
        tiles = self._fed(micro)
        for tile in tiles:
            self.heads.window[tile] += region.template.advance
        everything = self.source.is_vector
        after = self.readiness.needed(
            self.source, None if everything else region.blocks, None if everything else region.rows
        )
        template = replace(region.template, tag=self.work.tag)
        mask = sum(1 << tile for tile in tiles)
        return LoadChunk(self.heads.round, template, mask, self.source.tensor, region.offset, after)

    def _fed(self, micro: _Microstep) -> list[int]:
        """Tiles that receive a microstep's data: all of the stream where they keep it, else those that compute now."""
        if micro.sweep.geometry.regions > 1:
            return [tile for tile, _ in micro.units]
        return list(self.streams[micro.stream].tiles)

    def _add_loads(self, chunks: list[LoadChunk]) -> None:
        """Chunks of one round wait for the same count, so that they can be one LOAD."""
        if chunks:
            after = self.heads.wait_for(max(chunk.after for chunk in chunks))
            self.work.loads += [replace(chunk, after=after) for chunk in chunks]

    def _regions(self, micro: _Microstep) -> list[Region]:
        """What a microstep has to load; notes where output row 0 of the pass would lie in the window."""
        geometry, pool = micro.sweep.geometry, self.layer.pool_kernel[0]
        first, end = micro.rows[0] * pool, micro.rows[1] * pool
        log = self.mapping.arrangement == Arrangement.LOG
        anew = geometry.regions > 1
        if anew and micro.chunk:
            return []
        if anew or micro.key not in self._loaded:
            start = geometry.band_start(first)
            self._start[micro.key] = {t: self.heads.window[t] - start for t in self._fed(micro)}
            self._loaded[micro.key] = first * geometry.row_step if log else first
        have = self._loaded[micro.key]
        need = (end - 1) * geometry.row_step + geometry.halo_rows if log else end
        self._loaded[micro.key] = max(have, need)
        if need <= have:
            return []
        if log:
            return [geometry.log_rows(have, need - have, micro.region)]
        return [geometry.slab(row, micro.region) for row in range(have, need)]

    def _load_residuals(self, active: list[_Microstep]) -> None:
        if self.layer.add is None:
            return
        view, chunks = self.views[self.layer.add.residual], []
        for tile, micro, unit in _by_tile(active):
            if not micro.is_last:
                continue
            template, offset = residual(view, unit, micro.rows, micro.columns, self.target)
            self.heads.residual[tile] += template.advance
            everything = view.is_vector
            block = unit.first // view.block
            after = self.readiness.needed(
                view, None if everything else (block, block + 1), None if everything else micro.rows
            )
            template = replace(template, tag=self.work.tag)
            chunks.append(LoadChunk(self.heads.round, template, 1 << tile, view.tensor, offset, after))
        self._add_loads(chunks)

    def _load_weights(self, active: list[_Microstep]) -> None:
        """Segments that tiles lack; every tile's unit then has its place in window and ring."""
        missing: dict[SegmentKey, tuple[_Microstep, OutputUnit, list[int]]] = {}
        for tile, micro, unit in _by_tile(active):
            key = self.segments.key(unit, micro.region, micro.chunk)
            if not self._holds(tile, unit, key, micro):
                missing.setdefault(key, (micro, unit, []))[2].append(tile)
                self._held[tile][key] = -1
        for key, (micro, unit, tiles) in missing.items():
            address, size = self.segments.place(micro.sweep.geometry, unit, micro.region, micro.chunk)
            words, beats = size // self.target.word_bytes, -(-size // self.target.port_bytes)
            mask = sum(1 << tile for tile in tiles)
            self.work.portions.append(Portion(self.heads.round, mask, address, words, beats))
            for tile in tiles:
                self._held[tile][key] = self.heads.weights[tile]
                self.heads.weights[tile] += words
        for tile, micro, unit in _by_tile(active):
            key = self.segments.key(unit, micro.region, micro.chunk)
            self._add_unit(tile, micro, unit, self._held[tile][key])

    def _holds(self, tile: int, unit: OutputUnit, key: SegmentKey, micro: _Microstep) -> bool:
        """Whether the tile's ring still has a segment; streamed ones are forgotten when the tile turns to others."""
        chained = micro.count > 1 and self.mapping.order == Order.STREAMED
        if self.mapping.order != Order.RESIDENT and (chained or not self.layer.uniform):
            if self._held_for[tile] != unit or chained:
                self._held[tile].clear()
            self._held_for[tile] = unit
        return key in self._held[tile]

    def _add_unit(self, tile: int, micro: _Microstep, unit: OutputUnit, weights_base: int) -> None:
        geometry, pool = micro.sweep.geometry, self.layer.pool_kernel[0]
        box, boxes = self.segments.boxes(geometry)
        group = geometry.group_offset(unit.first)
        offset, most = boxes[micro.chunk].offset + group, boxes[-1].offset + group
        rows = micro.rows[1] - micro.rows[0]
        template = job(geometry, unit, box, rows, most, self.work.tag, chunked=micro.count > 1)
        base = self._start[micro.key][tile] + geometry.band_start(micro.rows[0] * pool) + offset
        self.work.units[tile].append(
            Unit(self.heads.round, template, base, weights_base, micro.number, micro.count, geometry.regions > 1)
        )

    def _store(self, active: list[_Microstep]) -> None:
        for tile, micro, unit in _by_tile(active):
            if not micro.is_last:
                continue
            template, offset = store(self.result, unit, micro.rows, micro.columns)
            template = replace(template, tag=self.work.tag)
            self.work.slots.append(Slot(self.heads.round, template, tile, self.result.tensor, offset))
            self.heads.stored += 1
            first = unit.first // self.result.block
            end = (unit.first + unit.channels - 1) // self.result.block + 1
            self.readiness.written(self.result, (first, end), micro.rows, self.heads.stored)


def _by_tile(active: list[_Microstep]) -> list[tuple[int, _Microstep, OutputUnit]]:
    """Tiles at work, ascending, each with its microstep and output unit."""
    return sorted(((tile, micro, unit) for micro in active for tile, unit in micro.units), key=lambda item: item[0])
