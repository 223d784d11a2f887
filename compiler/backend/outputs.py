"""Output units: which channels a unit of work makes, how they lie in the slot, and how the slot goes to memory."""

from dataclasses import dataclass

from tileloom.compiler.backend.layout import View
from tileloom.compiler.backend.loads import Columns, Placement, Rows, load
from tileloom.compiler.backend.sublayers import Sublayer
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target


@dataclass(frozen=True)
class OutputUnit:
    """``channels`` output channels from ``first`` on, all in one block (or of a vector), in groups of columns."""

    sublayer: int
    first: int
    channels: int
    slot_pitch: int
    """Activations of a pixel in the slot."""

    def groups(self, target: Target) -> int:
        """Groups of columns."""
        return -(-self.channels // target.columns)

    def last_valid(self, target: Target) -> int:
        """Columns that count in the last group."""
        return self.channels - (self.groups(target) - 1) * target.columns


def output_units(view: View, sublayer: Sublayer, number: int, unit_groups: int, target: Target) -> list[OutputUnit]:
    """The units of a sublayer: whole blocks where ``unit_groups`` holds them, else parts of blocks."""
    most = unit_groups * target.columns
    if view.is_vector:
        first, end = sublayer.first_output * view.block, min(sublayer.end_output * view.block, view.channels)
        return [OutputUnit(number, c, min(most, end - c), min(most, end - c)) for c in range(first, end, most)]
    units = []
    for block in range(sublayer.first_output, sublayer.end_output):
        first, end = block * view.block, min((block + 1) * view.block, view.channels)
        if most >= end - first:
            units.append(OutputUnit(number, first, end - first, view.block))
            continue
        units += [OutputUnit(number, c, min(most, end - c), min(most, end - c)) for c in range(first, end, most)]
    return units


def store(view: View, unit: OutputUnit, rows: tuple[int, int], columns: tuple[int, int]) -> tuple[isa.Store, int]:
    """Template (no tile, no address) and offset in the tensor of one slot: output rows and columns first .. end."""
    count, width = rows[1] - rows[0], columns[1] - columns[0]
    block, within = divmod(unit.first, view.block)
    offset, size = view.offset(block, rows[0], columns[0], within), view.element_bytes
    if view.is_vector:
        return isa.Store(address=0, run_bytes=unit.channels * size), view.offset(0, 0, 0, unit.first)
    if unit.slot_pitch == view.block:
        run, stride = width * view.block, view.width * view.block * size
        if width == view.width or count == 1:
            return isa.Store(address=0, run_bytes=count * run * size), offset
        return isa.Store(address=0, runs=count, run_bytes=run * size, run_stride=stride, run_slot=run), offset
    pixels = isa.Store(
        address=0,
        runs=count * width,
        run_bytes=unit.channels * size,
        run_stride=view.block * size,
        run_slot=unit.slot_pitch,
    )
    return pixels, offset


def storable(view: View, unit: OutputUnit, rows: int, width: int, target: Target) -> bool:
    """Whether a slot of so many rows and columns fits, and its runs are evenly spaced."""
    evenly = unit.slot_pitch == view.block or view.is_vector or width == view.width or rows == 1
    return evenly and rows * width * unit.slot_pitch <= target.slot_activations and rows * width < 1 << 16


def residual(
    view: View, unit: OutputUnit, rows: tuple[int, int], columns: tuple[int, int], target: Target
) -> tuple[isa.Load, int]:
    """The LOAD of a slot's residual, in the slot's order, and its offset in the tensor.

    A tensor of one pixel is loaded once, for all pixels of the slot.
    """
    size = (rows[1] - rows[0]) * (columns[1] - columns[0]) * unit.slot_pitch
    to = isa.Destination.RESIDUAL
    if view.is_vector:
        size = unit.slot_pitch
        part = View(view.tensor, unit.channels, 1, 1, unit.channels, view.element_bytes)
        alone = Placement(unit.channels, 0)
        template, _ = load(part, (0, 1), Rows(0, 1, 1), Columns(0, 1), alone, target, advance=size, destination=to)
        return template, view.offset(0, 0, 0, unit.first)
    block, within = divmod(unit.first, view.block)
    return load(
        view,
        (block, block + 1),
        Rows(rows[0], 1, rows[1] - rows[0]),
        Columns(*columns),
        Placement(unit.slot_pitch, (columns[1] - columns[0]) * unit.slot_pitch),
        target,
        advance=size,
        destination=to,
        first=within,
        channels=0 if unit.slot_pitch == view.block else unit.channels,
    )
