"""Readiness: how many slots must be stored before given rows and blocks of a tensor are in memory."""

import numpy as np
import numpy.typing as npt

from tileloom.compiler.backend.layout import View


class Readiness:
    """Per tensor, block and row: the number of slots stored when it is complete (0 for network inputs)."""

    def __init__(self) -> None:
        self._needed: dict[str, npt.NDArray[np.int64]] = {}

    def add(self, view: View) -> None:
        """A tensor that nothing has written yet."""
        self._needed[view.tensor] = np.zeros((view.blocks, view.height), np.int64)

    def written(self, tensor: str, blocks: tuple[int, int], rows: tuple[int, int], stored: int) -> None:
        """A slot, the ``stored``-th of the program, has bytes of these blocks and rows."""
        self._needed[tensor][blocks[0] : blocks[1], rows[0] : rows[1]] = stored

    def needed(self, tensor: str, blocks: tuple[int, int] | None = None, rows: tuple[int, int] | None = None) -> int:
        """Slots that must be stored before these blocks and rows (all without) may be read."""
        part = self._needed[tensor]
        if blocks is not None and rows is not None:
            part = part[blocks[0] : blocks[1], rows[0] : rows[1]]
        return int(part.max()) if part.size else 0

    def written_places(self, view: View, first: int, end: int, stored: int) -> None:
        """A slot, the ``stored``-th of the program, has elements of these places of a view."""
        self._needed[view.tensor].reshape(-1)[_rows(view, first, end)] = stored

    def needed_places(self, view: View, first: int, end: int) -> int:
        """Slots that must be stored before elements at these places of a view may be read."""
        return int(self._needed[view.tensor].reshape(-1)[_rows(view, first, end)].max())

    def copy(self) -> "Readiness":
        """An independent copy."""
        other = Readiness()
        other.take(self)
        return other

    def take(self, other: "Readiness") -> None:
        """Become equal to ``other``."""
        self._needed = {name: needed.copy() for name, needed in other._needed.items()}


def _rows(view: View, first: int, end: int) -> slice:
    """Rows of all blocks, numbered through, that hold the places first .. end."""
    row = view.width * view.block
    return slice(first // row, -(-end // row))
