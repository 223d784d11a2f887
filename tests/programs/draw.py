"""Random choices, each reproducible from one seed."""

import random
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from tileloom.hw.spec.program import Codes, code_type
from tileloom.hw.spec.quant import signed_range

Item = TypeVar("Item")


class Draw:
    """A seeded source of choices."""

    def __init__(self, *seed: int | str) -> None:
        self._random = random.Random("/".join(map(str, seed)))
        self.numpy = np.random.default_rng(self._random.getrandbits(64))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._random.random() < probability

    def integer(self, low: int, high: int) -> int:
        """An integer from ``low`` to ``high``, both included; small ranges are drawn evenly."""
        return self._random.randint(low, max(low, high))

    def small(self, high: int) -> int:
        """An integer from 1 to ``high``, small ones more often."""
        return min(self.integer(1, high), self.integer(1, high))

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return self._random.choice(items)

    def divisor(self, number: int, high: int) -> int:
        """A divisor of ``number`` from 1 to ``high``."""
        return self.pick([d for d in range(1, min(number, high) + 1) if number % d == 0])

    def codes(self, size: int, element_bytes: int) -> Codes:
        """Signed codes: even, or mixed with extremes, or all extreme."""
        low, high = signed_range(8 * element_bytes)
        even = self.numpy.integers(low, high + 1, size)
        extreme = self.numpy.choice([low, high, 0, -1, 1], size)
        share = self.pick([0.0, 0.0, 0.0, 0.1, 0.3, 1.0])
        return np.where(self.numpy.random(size) < share, extreme, even).astype(code_type(element_bytes))
