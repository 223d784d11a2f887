"""Random Assembles: every form that the front end makes, and pieces that nobody would make."""

import numpy as np
import numpy.typing as npt

from tileloom.compiler.graph import Piece

Numbers = npt.NDArray[np.int64]
Map = tuple[int, int, int]
"""Channels, height, width."""

FORMS = (
    "concat",
    "rows",
    "slice",
    "steps",
    "pad",
    "reflect",
    "upsample",
    "interleave",
    "transpose",
    "reshape",
    "shuffle",
    "repeat",
    "reverse",
    "scatter",
)


def numbers(shape: Map) -> Numbers:
    """Element numbers of a map, in its shape."""
    return np.arange(int(np.prod(shape))).reshape(shape)


def drawn(form: str, random: np.random.Generator, most: int = 11) -> tuple[list[Map], Map, list[tuple[int, Numbers]]]:
    """Maps read, the map made, and for each map read the numbers wanted, -1 where it gives none; shaped as made."""
    c, h, w = (int(n) for n in random.integers(1, most, 3))
    here = numbers((c, h, w))
    match form:
        case "concat" | "rows":
            axis = 0 if form == "concat" else int(random.integers(1, 3))
            extents = [int(n) for n in random.integers(1, most, int(random.integers(2, 4)))]
            maps: list[Map] = [(n, h, w) if axis == 0 else (c, n, w) if axis == 1 else (c, h, n) for n in extents]
            return _joined(maps, axis)
        case "slice" | "steps":
            cuts = tuple(_range(n, random, steps=form == "steps") for n in here.shape)
            return _one(here[cuts], (c, h, w))
        case "pad" | "reflect":
            most_pad = [4, 4, 4] if form == "pad" else [0, min(3, h - 1), min(3, w - 1)]
            pads = [tuple(int(p) for p in random.integers(0, n + 1, 2)) for n in most_pad]
            if form == "pad":
                return _one(np.pad(here, pads, constant_values=-1), (c, h, w))
            return _one(np.pad(here, pads, mode=random.choice(["reflect", "edge"])), (c, h, w))
        case "upsample":
            factors = random.integers(1, 4, 2)
            return _one(here.repeat(factors[0], 1).repeat(factors[1], 2), (c, h, w))
        case "interleave":
            block = int(random.integers(2, 4))
            if random.random() < 0.5:
                parts = numbers((c * block * block, h, w)).reshape(block, block, c, h, w)
                made = parts.transpose(2, 3, 0, 4, 1).reshape(c, h * block, w * block)
                return _one(made, (c * block * block, h, w))
            parts = numbers((c, h * block, w * block)).reshape(c, h, block, w, block)
            return _one(parts.transpose(2, 4, 0, 1, 3).reshape(-1, h, w), (c, h * block, w * block))
        case "transpose":
            return _one(here.transpose(tuple(random.permutation(3))), (c, h, w))
        case "reshape":
            return _one(here.reshape((h, w, c) if random.random() < 0.7 else (1, c * w, h)), (c, h, w))
        case "shuffle":
            groups = int(random.integers(1, 5))
            shuffled = numbers((c * groups, h, w)).reshape(groups, c, h, w).swapaxes(0, 1)
            return _one(shuffled.reshape(-1, h, w), (c * groups, h, w))
        case "repeat":
            return _one(np.tile(here, tuple(random.integers(1, 3, 3))), (c, h, w))
        case "reverse":
            return _one(here[:: int(random.choice([1, -1])), ::-1, :: int(random.choice([1, -1]))], (c, h, w))
    wanted = random.integers(-1, here.size, here.size).reshape(here.shape[::-1])
    return _one(wanted, (c, h, w))


def pieces_of(wanted: list[tuple[int, Numbers]], names: list[str], random: np.random.Generator) -> tuple[Piece, ...]:
    """Pieces that copy the wanted elements: as long as their numbers are evenly spaced, in any order."""
    found = []
    for number, elements in wanted:
        flat = elements.reshape(-1).tolist()
        start = 0
        while start < len(flat):
            end = _end(flat, start)
            if flat[start] >= 0:
                step = flat[start + 1] - flat[start] if end > start + 1 else 0
                count = end - start
                found.append(Piece(names[number], (1, 1, count), flat[start], (0, 0, step), start, (0, 0, 1)))
            start = end
    return tuple(found[i] for i in random.permutation(len(found)))


def _end(flat: list[int], start: int) -> int:
    """Behind the longest run of evenly spaced numbers from ``start`` on; of those that are missing, of one."""
    end = start + 1
    if flat[start] < 0:
        return end
    while end < len(flat) and flat[end] >= 0 and flat[end] - flat[end - 1] == flat[start + 1] - flat[start]:
        end += 1
    return end


def _one(wanted: Numbers, read: Map) -> tuple[list[Map], Map, list[tuple[int, Numbers]]]:
    shape = wanted.shape
    return [read], (shape[0], shape[1], shape[2]), [(0, wanted)]


def _joined(maps: list[Map], axis: int) -> tuple[list[Map], Map, list[tuple[int, Numbers]]]:
    total = np.concatenate([np.full(shape, i) for i, shape in enumerate(maps)], axis)
    joined = np.concatenate([numbers(shape) for shape in maps], axis)
    shape = total.shape
    wanted = [(i, np.where(total == i, joined, -1)) for i in range(len(maps))]
    return maps, (shape[0], shape[1], shape[2]), wanted


def _range(count: int, random: np.random.Generator, *, steps: bool) -> slice:
    first = int(random.integers(0, count))
    end = int(random.integers(first + 1, count + 1))
    return slice(first, end, int(random.integers(1, 4)) if steps else 1)
