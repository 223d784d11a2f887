"""Masks of tiles."""


def tiles_of(mask: int, tiles: int) -> list[int]:
    """Numbers of the tiles in a mask; bits beyond the last tile mean nothing.

    >>> tiles_of(0b10101, 4)
    [0, 2]
    """
    return [tile for tile in range(tiles) if mask >> tile & 1]
