"""Readiness: how many slots must be stored before given rows and blocks of a tensor are in memory."""

import numpy as np
import numpy.typing as npt

from tileloom.compiler.backend.layout import View


class Readiness:
    """Per place and row of each block: the number of slots stored when it is complete (0 for network inputs).

    Tensors that share a place have rows of one size.
    """

    def __init__(self) -> None:
        self._needed: dict[str, npt.NDArray[np.int64]] = {}

    def add(self, view: View) -> None:
        """A tensor that nothing has written yet."""
        rows = -(-(view.start + view.elements) // _row(view))
        have = len(self._needed.get(view.tensor, ()))
        self._needed[view.tensor] = np.zeros(max(rows, have), np.int64)

    def written(self, view: View, blocks: tuple[int, int], rows: tuple[int, int], stored: int) -> None:
        """A slot, the ``stored``-th of the program, has activations of these blocks and rows."""
        for block in range(*blocks):
            self._needed[view.tensor][_rows_of_block(view, block, rows)] = stored

    def needed(self, view: View, blocks: tuple[int, int] | None = None, rows: tuple[int, int] | None = None) -> int:
        """Slots that must be stored before these blocks and rows (all of the place without) may be read."""
        if blocks is None or rows is None:
            return int(self._needed[view.tensor].max())
        parts = [self._needed[view.tensor][_rows_of_block(view, block, rows)] for block in range(*blocks)]
        return max((int(part.max()) for part in parts if part.size), default=0)

    def written_places(self, view: View, first: int, end: int, stored: int) -> None:
        """A slot, the ``stored``-th of the program, has activations at these places."""
        self._needed[view.tensor][first // _row(view) : -(-end // _row(view))] = stored

    def needed_places(self, view: View, first: int, end: int) -> int:
        """Slots that must be stored before activations at these places may be read."""
        return int(self._needed[view.tensor][first // _row(view) : -(-end // _row(view))].max())

    def copy(self) -> "Readiness":
        """An independent copy."""
        other = Readiness()
        other.take(self)
        return other

    def take(self, other: "Readiness") -> None:
        """Become equal to ``other``."""
        self._needed = {name: needed.copy() for name, needed in other._needed.items()}


def _row(view: View) -> int:
    return view.width * view.block


def _rows_of_block(view: View, block: int, rows: tuple[int, int]) -> slice:
    first = view.start // _row(view) + block * view.height
    return slice(first + rows[0], first + rows[1])
