"""Partition of a layer among tiles: streams of window data, the tiles that each feeds, and what those tiles compute."""

from dataclasses import dataclass

from tileloom.compiler.backend.geometry import Geometry
from tileloom.compiler.backend.layout import View
from tileloom.compiler.backend.mapping import Mapping, Order
from tileloom.compiler.backend.outputs import OutputUnit, output_units
from tileloom.compiler.backend.sublayers import Sublayer, sublayers
from tileloom.compiler.fuse import Layer
from tileloom.hw.spec.config import Target


@dataclass(frozen=True)
class Pass:
    """One sweep of a stream over its output rows: a sublayer and a strip of columns."""

    geometry: Geometry
    bands: tuple[tuple[int, int], ...]
    """Output rows (after the pool), first and end of each band."""
    outputs: dict[int, tuple[OutputUnit, ...]]
    """By tile."""


@dataclass(frozen=True)
class Stream:
    """Tiles that receive the same window data, and their passes."""

    tiles: tuple[int, ...]
    passes: tuple[Pass, ...]

    @property
    def mask(self) -> int:
        """The tiles as a mask."""
        return sum(1 << tile for tile in self.tiles)


@dataclass(frozen=True)
class Step:
    """One step of a stream: band ``band`` of pass ``sweep``, the ``unit``-th output unit of each tile."""

    sweep: int
    band: int
    unit: int


def steps(stream: Stream, order: Order) -> list[Step]:
    """The steps of a stream in their order."""
    found = []
    for number, sweep in enumerate(stream.passes):
        units = range(max(len(units) for units in sweep.outputs.values()))
        bands = range(len(sweep.bands))
        if order == Order.HELD:
            found += [Step(number, band, unit) for unit in units for band in bands]
        else:
            found += [Step(number, band, unit) for band in bands for unit in units]
    return found


def cut(count: int, parts: int) -> list[tuple[int, int]]:
    """First and end of at most ``parts`` equal ranges (the last may be shorter) of ``count``.

    >>> cut(10, 4), cut(4, 3)
    ([(0, 3), (3, 6), (6, 9), (9, 10)], [(0, 2), (2, 4)])
    """
    size = -(-count // parts)
    return [(first, min(first + size, count)) for first in range(0, count, size)]


def bands(first: int, end: int, rows: int) -> tuple[tuple[int, int], ...]:
    """Rows ``first .. end`` in bands of ``rows``."""
    return tuple((row, min(row + rows, end)) for row in range(first, end, rows))


def streams(layer: Layer, source: View, result: View, mapping: Mapping, target: Target) -> list[Stream]:
    """The streams of a layer; tile ``out * parts + part`` computes rows ``part`` of the outputs ``out``."""
    parts = cut(result.height, mapping.tiles_rows)
    strips = cut(result.width, mapping.strips)
    found = sublayers(layer, source, result)
    units = [output_units(result, sub, i, mapping.unit_groups, target) for i, sub in enumerate(found)]

    def geometry(sublayer: Sublayer, strip: tuple[int, int]) -> Geometry:
        return Geometry(layer, source, sublayer, mapping, target, *strip)

    if len(found) == 1:
        shares = cut(len(units[0]), mapping.tiles_out)
        made = []
        for part, (first, end) in enumerate(parts):
            outputs = {out * len(parts) + part: tuple(units[0][slice(*share)]) for out, share in enumerate(shares)}
            sweeps = [Pass(geometry(found[0], strip), bands(first, end, mapping.rows), outputs) for strip in strips]
            made.append(Stream(tuple(outputs), tuple(sweeps)))
        return made
    made = []
    for out, share in enumerate(cut(len(found), mapping.tiles_out)):
        for part, (first, end) in enumerate(parts):
            tile = out * len(parts) + part
            sweeps = [
                Pass(geometry(found[i], strip), bands(first, end, mapping.rows), {tile: tuple(units[i])})
                for i in range(*share)
                for strip in strips
            ]
            made.append(Stream((tile,), tuple(sweeps)))
    return made
