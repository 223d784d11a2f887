"""How different colours look to people who lack a kind of cones: Machado, Oliveira and Fernandes (2009), severity 1."""

from itertools import combinations

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
VISION = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""Matrices on linear RGB, from table 1 of "A physiologically-based model for simulation of color vision deficiency"."""
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ @ np.ones(3)


def linear(colour: str) -> Vector:
    """Linear RGB of ``#rrggbb``."""
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(colour: str, vision: str = "usual") -> Vector:
    """CIE L*a*b* of a colour as someone of this vision sees it."""
    seen = np.clip(VISION[vision] @ linear(colour), 0, 1)
    t = TO_XYZ @ seen / WHITE
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one: str, other: str, vision: str) -> float:
    """CIE 1976 difference; 2.3 is just noticed side by side."""
    return float(np.linalg.norm(lab(one, vision) - lab(other, vision)))


def closest(colours: list[str], vision: str) -> tuple[float, tuple[str, str]]:
    """The pair that looks most alike."""
    return min((distance(one, other, vision), (one, other)) for one, other in combinations(colours, 2))
