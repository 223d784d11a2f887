"""Views: how the elements of an ONNX value lie in a feature map, so that movements of data cost nothing by themselves.

A view is the value's shape and, for each of its elements in row-major order, the index of the map's element that
holds it (None means all elements in the same order). Reshape, Transpose, Slice, Gather, Expand and their like only
change the view; whoever needs a map of its own order asks the lowering for one, which then emits an Assembly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class View:
    """Elements of map ``name`` seen in ``shape``; ``order`` has that shape, or is None for row-major order.

    ``size`` is the map's number of elements (None: as many as the value has). ``host`` names the operator that runs on
    the host after this value, None on the accelerator.
    """

    name: str
    shape: tuple[int, ...]
    order: Indices | None = None
    host: str | None = None
    size: int | None = None

    @property
    def elements(self) -> int:
        """Number of elements of the value."""
        return int(np.prod(self.shape, dtype=np.int64))

    @cached_property
    def is_permutation(self) -> bool:
        """Whether every element of the map is seen exactly once."""
        if self.order is None:
            return True
        if self.size not in (None, self.elements):
            return False
        return bool(np.all(np.bincount(self.order.ravel(), minlength=self.elements) == 1))

    def positions(self) -> Indices:
        """For each element of the value the index in the map, in the value's shape."""
        if self.order is not None:
            return self.order
        return np.arange(self.elements, dtype=np.int64).reshape(self.shape)

    def reshaped(self, shape: Sequence[int]) -> "View":
        """The same elements in the same order under another shape."""
        order = None if self.order is None else self.order.reshape(tuple(shape))
        return View(self.name, tuple(shape), order, self.host, self.size)

    def transposed(self, permutation: Sequence[int]) -> "View":
        """The value with its axes permuted, as ONNX Transpose does."""
        return self.reordered(self.positions().transpose(tuple(permutation)))

    def reordered(self, positions: Indices) -> "View":
        """A value of the shape of ``positions``, which name elements of the map: any of them, any number of times."""
        size = self.elements if self.size is None else self.size
        return with_order(self.name, positions, self.host, size)


def with_order(name: str, order: Indices, host: str | None = None, size: int | None = None) -> View:
    """The view with the given order of a map of ``size`` elements, in its simplest form."""
    flat = order.ravel()
    whole = flat.size if size is None else size
    plain = flat.size == whole and bool(np.array_equal(flat, np.arange(flat.size)))
    return View(name, tuple(order.shape), None if plain else np.ascontiguousarray(order), host, whole)
