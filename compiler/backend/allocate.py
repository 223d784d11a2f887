"""Allocation: where each tensor lives, in memory or in the map buffer, and when its bytes may be used again."""

from dataclasses import dataclass

from tileloom.compiler.backend.layout import View
from tileloom.compiler.fuse import Layer
from tileloom.hw.spec.config import Target

SLACK = 64
"""Activations behind a tensor that a LOAD of a part of each pixel may read: at most an element."""


@dataclass(frozen=True)
class Place:
    """Space (0 memory, 1 map buffer) and first byte; in memory counted from the first tensor's place."""

    space: int
    address: int


@dataclass(frozen=True)
class _Life:
    """A place from the first layer that writes it to the last one that reads it; both included."""

    tensor: str
    first: int
    last: int
    size: int


@dataclass(frozen=True)
class Allocation:
    """Places of all tensors, and the bytes of memory that they take together."""

    places: dict[str, Place]
    memory_bytes: int


def allocate(
    layers: list[Layer],
    views: dict[str, View],
    kept: tuple[str, ...],
    target: Target,
    scratch: dict[str, list[View]],
    *,
    reuse: bool,
) -> Allocation:
    """The places of all tensors that are stored, of which several may share one, and of what ``scratch`` names.

    ``scratch`` are places that a layer, named by its output, needs for itself.

    ``kept`` (the network's inputs and outputs) lie in memory and are never overwritten. Without ``reuse`` nothing is,
    and all tensors lie in memory, so that they can be read after a run. A place is used again only by a layer behind
    the last reader: its stores come after that reader's loads, because loads are made in order.
    """
    align = max(target.burst_bytes if reuse else 0, 64)
    kept = tuple(dict.fromkeys(views[name].tensor for name in kept))
    lives = _lives(layers, views, kept, scratch, align, reuse)
    map_places, rest = (
        _fit([life for life in lives if life.tensor not in kept], target.map_bytes) if reuse else ({}, [])
    )
    in_memory = rest if reuse else [life for life in lives if life.tensor not in kept]
    places = {tensor: Place(1, address) for tensor, address in map_places.items()}
    end = 0
    for life in lives:
        if life.tensor in kept:
            places[life.tensor] = Place(0, end)
            end += life.size
    found, left = _fit(in_memory, 1 << 31)
    assert not left
    for life in in_memory:
        places[life.tensor] = Place(0, end + found[life.tensor])
    extent = max((found[life.tensor] + life.size for life in in_memory), default=0)
    return Allocation(places, end + extent)


def _lives(
    layers: list[Layer],
    views: dict[str, View],
    kept: tuple[str, ...],
    scratch: dict[str, list[View]],
    align: int,
    reuse: bool,
) -> list[_Life]:
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for name in kept:
        first[name], last[name] = -1, len(layers)
    for number, layer in enumerate(layers):
        for name in (views[tensor].tensor for tensor in layer.inputs):
            last[name] = max(last.get(name, -1), number)
        own = [view.tensor for view in scratch.get(layer.output, [])]
        for name in (views[layer.output].tensor, *own):
            first.setdefault(name, number)
            last[name] = max(last.get(name, -1), number)
    sizes: dict[str, int] = {}
    for view in (*views.values(), *(view for found in scratch.values() for view in found)):
        end = view.start + view.elements + SLACK
        sizes[view.tensor] = max(sizes.get(view.tensor, 0), end * view.element_bytes)
    forever = len(layers)
    return [
        _Life(
            name,
            first.get(name, -1),
            last[name] if reuse else forever,
            -(-sizes[name] // align) * align,
        )
        for name in last
    ]


def _fit(lives: list[_Life], size: int) -> tuple[dict[str, int], list[_Life]]:
    """First fit, in the order of making; what does not fit is left over."""
    placed: list[tuple[_Life, int]] = []
    left = []
    for life in sorted(lives, key=lambda item: item.first):
        taken = sorted((at, at + other.size) for other, at in placed if _overlap(other, life))
        address = 0
        for start, end in taken:
            if address + life.size <= start:
                break
            address = max(address, end)
        if address + life.size <= size:
            placed.append((life, address))
        else:
            left.append(life)
    return {life.tensor: address for life, address in placed}, left


def _overlap(one: _Life, other: _Life) -> bool:
    return one.first <= other.last and other.first <= one.last
