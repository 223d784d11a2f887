"""Views: how the elements of an ONNX value lie in a feature map, so that reshapes and transposes cost nothing.

A view is the value's shape and, for each of its elements in row-major order, the index of the map's element that
holds it (None means the same order). Reshape and Transpose only change the view; whoever needs a map in its plain
order asks :meth:`View.positions`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class View:
    """Elements of map ``name`` seen in ``shape``; ``order`` has that shape, or is None for row-major order.

    ``host`` names the operator that runs on the host after this value, None on the accelerator.
    """

    name: str
    shape: tuple[int, ...]
    order: Indices | None = None
    host: str | None = None

    @property
    def elements(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    def positions(self) -> Indices:
        """For each element of the value the index in the map, in the value's shape."""
        if self.order is not None:
            return self.order
        return np.arange(self.elements, dtype=np.int64).reshape(self.shape)

    def reshaped(self, shape: Sequence[int]) -> "View":
        """The same elements in the same order under another shape."""
        order = None if self.order is None else self.order.reshape(tuple(shape))
        return View(self.name, tuple(shape), order, self.host)

    def transposed(self, permutation: Sequence[int]) -> "View":
        """The value with its axes permuted, as ONNX Transpose does."""
        return with_order(self.name, self.positions().transpose(tuple(permutation)), self.host)


def with_order(name: str, order: Indices, host: str | None = None) -> View:
    """The view with the given order, in its simplest form."""
    flat = order.ravel()
    plain = bool(np.array_equal(flat, np.arange(flat.size)))
    return View(name, tuple(order.shape), None if plain else np.ascontiguousarray(order), host)
