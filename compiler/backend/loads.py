"""LOAD templates: rectangles of a tensor, with padding, brought into a tile's window or residual log."""

from dataclasses import dataclass, replace

from tileloom.compiler.backend.layout import View
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target


@dataclass(frozen=True)
class Columns:
    """Columns ``low .. high`` of a tensor; those outside of it are padding, and at least one is inside."""

    low: int
    high: int

    @property
    def width(self) -> int:
        """Pixels of a row, padding included."""
        return self.high - self.low


@dataclass(frozen=True)
class Rows:
    """``count`` rows of a tensor from ``first`` on, every ``step``-th; those outside of the tensor are padding."""

    first: int
    step: int
    count: int

    def split(self, height: int) -> tuple[int, int, int]:
        """Rows above the tensor, in it, below it."""
        inside = [i for i in range(self.count) if 0 <= self.first + i * self.step < height]
        if not inside:
            return self.count, 0, 0
        return inside[0], len(inside), self.count - 1 - inside[-1]


@dataclass(frozen=True)
class Placement:
    """Where a chunk goes in the window, in activations from the head."""

    pixel_pitch: int
    row_window: int
    block_window: int = 0
    planes: int = 0
    """Number of planes of ``columns`` channels into which one block is taken apart; 0: none."""


def load(
    view: View,
    blocks: tuple[int, int],
    rows: Rows,
    columns: Columns,
    placement: Placement,
    target: Target,
    *,
    advance: int,
    pad_value: int = 0,
    destination: isa.Destination = isa.Destination.WINDOW,
    first: int = 0,
    channels: int = 0,
) -> tuple[isa.Load, int]:
    """Template (no mask, no address) and offset in the tensor of one chunk: ``blocks`` first .. end of the rectangle.

    ``first`` and ``channels`` choose a part of each block's pixels (0: all of it); with ``first`` the last run reads as
    much past the rectangle.
    """
    before, inside, after = rows.split(view.height)
    left, right = max(columns.low, 0), min(columns.high, view.width)
    count = right - left
    channels = channels or view.block
    width = view.element_bytes
    whole_rows = rows.step == 1 and count == view.width
    rows_per_run = max(inside, 1) if whole_rows else 1
    first_row = rows.first + before * rows.step if inside else 0
    offset = view.offset(blocks[0], first_row, left, first)
    template = isa.Load(
        mask=0,
        address=0,
        destination=destination,
        pad_value=pad_value,
        advance=advance,
        blocks=placement.planes or blocks[1] - blocks[0],
        block_stride=target.columns * width if placement.planes else view.plane_bytes * (blocks[1] - blocks[0] > 1),
        block_window=placement.block_window,
        rows_before=before,
        rows=inside,
        rows_after=after,
        row_window=placement.row_window if rows.count > 1 else 0,
        rows_per_run=rows_per_run,
        run_bytes=rows_per_run * count * view.block * width,
        run_stride=0 if rows_per_run == max(inside, 1) else rows.step * view.width * view.block * width,
        pad_left=left - columns.low,
        pad_right=columns.high - right,
        **_elements(view, count, channels, placement, target),
    )
    return _spread(template, target), offset


def _spread(load: isa.Load, target: Target) -> isa.Load:
    """The same pixels, those of a thin map several in an element, where they lie near each other in the window."""
    piece, pitch = load.write, load.pitch
    most = (target.window_banks - piece) // pitch + 1 if piece < pitch else 1
    whole = load.take == load.write == load.last_take == load.last_write
    if not whole or most == 1 or piece > isa.PIECE_MAXIMUM:
        return load
    elements = -(-load.elements // most)
    last = load.elements - (elements - 1) * most
    padded = max(n for n in range(1, most + 1) if load.pad_left % n == load.pad_right % n == 0)
    return replace(
        load,
        elements=elements,
        take=most * piece,
        write=most * piece,
        last_take=last * piece,
        last_write=last * piece,
        pitch=most * pitch,
        last_pitch=last * pitch,
        pad_left=load.pad_left // padded,
        pad_right=load.pad_right // padded,
        pad_write=padded * piece,
        pad_pitch=padded * pitch,
        piece=piece,
        spread=pitch,
    )


def _elements(view: View, count: int, channels: int, placement: Placement, target: Target) -> dict[str, int]:
    """The element fields: whole bank rows where pixels stay side by side, else pixel by pixel."""
    banks = target.window_banks
    together = not placement.planes and placement.pixel_pitch == view.block == channels
    if together:
        total = count * view.block
        elements = -(-total // banks)
        last = total - (elements - 1) * banks
        padding = {"pad_write": view.block, "pad_pitch": view.block} if view.block <= banks else {}
        form = {"take": banks, "write": banks, "last_take": last, "last_write": last, "pitch": banks}
        return {"elements": elements, **form, **padding}
    write = min(target.columns, view.block) if placement.planes else channels
    return {
        "elements": count,
        "take": view.block,
        "write": write,
        "last_take": view.block,
        "last_write": write,
        "pitch": placement.pixel_pitch,
        "pad_write": write,
        "pad_pitch": placement.pixel_pitch,
    }
