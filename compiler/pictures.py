"""A folder of pictures as typical input of a network."""

import importlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tileloom.compiler.node import Array
from tileloom.compiler.problems import ModelError, Problem

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
HOLDS = "put .png or .jpg files into it, or name an .npz"
"""What to do about a folder without any."""
"""Files that are taken for pictures; others in the folder are left alone."""


@dataclass(frozen=True)
class Pictures:
    """All pictures below a folder, in the order of their names.

    Parameters
    ----------
    folder : may have folders inside
    low, high : what pixels of 0 and 255 stand for in a network of real inputs; integer inputs get pixels as they are
    """

    folder: Path
    low: float = 0.0
    high: float = 1.0

    def read(self, name: str, shape: tuple[int, ...], limit: int) -> Array:
        """At most ``limit`` pictures as ``(frames, *shape)``, float32 for ``low .. high``.

        Each is cut to the input's proportions around its middle, resized, and made grey where the input has one
        channel. ``shape`` is ``(channels, height, width)`` or ``(height, width, channels)`` with 1 or 3 channels.
        Raises :class:`ModelError`: TL405 for a folder without readable pictures, TL406 without the package to read
        them, TL307 where the input is no picture.
        """
        paths = sorted(path for path in self.folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        if not paths:
            raise _refused("TL405", str(self.folder), "a folder must hold pictures", "none", HOLDS)
        if len(shape) != 3 or not {shape[0], shape[2]} & {1, 3}:
            rule = "pictures feed an input of 1 or 3 channels, first or last"
            raise _refused("TL307", name, rule, f"shape {list(shape)}", "give calibration data as .npz")
        first = shape[0] in (1, 3)
        channels, height, width = shape if first else (shape[2], *shape[:2])
        pixels = np.stack([_pixels(path, channels, height, width) for path in paths[:limit]])
        real = pixels.astype(np.float32) * np.float32((self.high - self.low) / 255) + np.float32(self.low)
        return real.transpose(0, 3, 1, 2) if first else real


def _pixels(path: Path, channels: int, height: int, width: int) -> Array:
    """One picture as uint8 ``(height, width, channels)``."""
    try:
        image, ops = importlib.import_module("PIL.Image"), importlib.import_module("PIL.ImageOps")
    except ImportError:
        raise _refused(
            "TL406", "pillow", "pictures need the package pillow", "", "pip install 'tileloom[pictures]'"
        ) from None
    try:
        with image.open(path) as opened:
            fitted = ops.fit(opened.convert("L" if channels == 1 else "RGB"), (width, height))
            return np.asarray(fitted, dtype=np.uint8).reshape(height, width, channels)
    except Exception as error:  # the package raises many kinds on damaged files
        value = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise _refused("TL405", str(path), "a picture must be readable", value, "remove it from the folder") from None


def _refused(code: str, thing: str, rule: str, value: str, fix: str) -> ModelError:
    return ModelError([Problem(code, thing, "", rule, value, fix)])
