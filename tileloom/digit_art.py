"""Handwritten digits for a terminal."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

INK = 16
"""Full ink of a pixel."""
SHADES = " ░▒▓█"
ASCII_SHADES = " .+*@"
GAP = "   "


def digit_lines(pixels: npt.NDArray[np.uint8], ascii_only: bool = False) -> list[str]:
    """A digit of ``(rows, columns)`` pixels 0 .. 16, two characters a pixel, because characters are high.

    >>> digit_lines(np.array([[0, 16], [8, 4]], np.uint8), ascii_only=True)
    ['  @@', '++..']
    """
    shades = ASCII_SHADES if ascii_only else SHADES
    steps = pixels.astype(int) * (len(shades) - 1) // INK
    return ["".join(shades[step] * 2 for step in row) for row in steps]


def draw_digits(digits: Sequence[npt.NDArray[np.uint8]], captions: Sequence[str], ascii_only: bool = False) -> str:
    """Digits side by side, each above its caption."""
    columns = [digit_lines(pixels, ascii_only) for pixels in digits]
    rows = [GAP.join(parts).rstrip() for parts in zip(*columns, strict=True)]
    widths = [len(column[0]) for column in columns]
    below = GAP.join(caption.center(width) for caption, width in zip(captions, widths, strict=True))
    return "\n".join([*rows, below.rstrip()])
