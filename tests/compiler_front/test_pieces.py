"""Pieces: they copy exactly the table's elements, and regular movements need few of them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tileloom.compiler.integer.assemble import source_elements, target_elements
from tileloom.compiler.pieces import PIECES, TooManyPieces, pieces_of

Indices = NDArray[np.int64]


def table(*shape: int) -> Indices:
    return np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)


def plain(sources: Indices) -> Indices:
    return table(*sources.shape)


def check(sources: Indices, targets: Indices) -> int:
    """Number of the pieces, which must copy what the table says and nothing twice."""
    pieces = pieces_of("x", sources, targets)
    found = np.full(int(targets.max()) + 1, -1, dtype=np.int64)
    for piece in pieces:
        where = target_elements(piece)
        assert np.all(found[where] == -1) and len(np.unique(where)) == len(where)
        found[where] = source_elements(piece)
    expected = np.full(len(found), -1, dtype=np.int64)
    expected[targets.ravel()] = sources.ravel()
    assert np.array_equal(found, expected)
    return len(pieces)


C, H, W = 6, 8, 10
MAP = table(C, H, W)
SHUFFLED = MAP.reshape(2, 3, H, W).transpose(1, 0, 2, 3)
REGULAR = {
    "all": (MAP, 1),
    "another shape": (MAP.reshape(12, 40), 1),
    "channels last": (MAP.transpose(1, 2, 0), 1),
    "backwards": (MAP[::-1, ::-1, ::-1], 1),
    "crop": (MAP[1:4, 2:7, 3:5], 1),
    "strided": (MAP[::2, 1::3, ::4], 1),
    "channel shuffle": (SHUFFLED.reshape(C, H, W), 1),
    "half of a channel shuffle": (SHUFFLED.reshape(C, H, W)[3:], 2),
    "repeated channel": (np.broadcast_to(MAP[:1], MAP.shape), 1),
    "repeated pixel": (np.broadcast_to(MAP[:, :1, :1], MAP.shape), 1),
    "nearest by two": (MAP.repeat(2, axis=1).repeat(2, axis=2), 2),
    "depth to space": (MAP[:4].reshape(2, 2, 1, H, W).transpose(2, 3, 0, 4, 1).reshape(1, 2 * H, 2 * W), 2),
    "edge padding": (np.pad(MAP, ((0, 0), (2, 2), (3, 3)), mode="edge"), 9),
    "reflected padding": (np.pad(MAP, ((0, 0), (2, 2), (3, 3)), mode="reflect"), 9),
    "one element": (MAP[2:3, 3:4, 4:5], 1),
}


@pytest.mark.parametrize("name", REGULAR)
def test_regular_movements_need_few_pieces(name: str) -> None:
    sources, most = REGULAR[name]
    assert check(sources, plain(sources)) <= most


def test_targets_need_not_be_plain() -> None:
    inside = np.pad(MAP, ((0, 0), (1, 2), (3, 4)), constant_values=-1)
    places = plain(inside)[inside >= 0].reshape(MAP.shape)
    assert check(MAP, places) == 1
    rows = table(C, 2 * H, W)
    assert check(MAP, rows[:, 1::2]) == 1


@pytest.mark.parametrize("seed", range(40))
def test_random_movements_are_exact(seed: int) -> None:
    generator = np.random.default_rng(seed)
    sources = table(*generator.integers(1, 7, int(generator.integers(1, 5))))
    for _ in range(int(generator.integers(1, 5))):
        axis = int(generator.integers(0, sources.ndim))
        match int(generator.integers(0, 6)):
            case 0:
                sources = sources.transpose(generator.permutation(sources.ndim))
            case 1:
                sources = np.take(sources, generator.integers(0, sources.shape[axis], 5), axis=axis)
            case 2:
                sources = sources.reshape(-1, sources.shape[axis])
            case 3:
                sources = sources.repeat(int(generator.integers(1, 4)), axis=axis)
            case 4:
                sources = np.flip(sources, axis)
            case _:
                sources = np.pad(sources, [(0, int(i == axis)) for i in range(sources.ndim)], mode="wrap")
    targets = plain(sources)
    if seed % 2:
        targets = generator.permutation(targets.size).reshape(targets.shape)
    check(sources, targets)


def test_tables_without_regularity_are_refused() -> None:
    sources = np.random.default_rng(1).permutation(3 * PIECES)
    with pytest.raises(TooManyPieces):
        pieces_of("x", sources, plain(sources))
