"""``targets``: the machines that ship with tileloom, or one target file checked and shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tileloom.document import Document, Kind
from tileloom.hw.spec.config import Target, load_target, presets
from tileloom.tables import Table, si


@dataclass(frozen=True)
class TargetRow:
    """One machine."""

    name: str
    macs_per_cycle_peak: int
    tiles: int
    tiles_x: int
    tiles_y: int
    lanes: int
    columns: int
    clock_hz: int
    bytes_per_cycle: int
    memory_bytes: int
    """On-chip memory: buffers of all tiles, map buffer and staging ring."""
    hash: str
    """Identity of the hardware that programs carry, 16 hexadecimal digits."""


@dataclass(frozen=True, kw_only=True)
class TargetsDocument(Document):
    """The machines, presets in alphabetical order."""

    command: ClassVar[str] = "targets"
    table: ClassVar[Mapping[str, Kind]] = {"targets": Kind.GIVEN}
    targets: tuple[TargetRow, ...]

    def tables(self) -> list[Table]:
        """One row for each machine."""
        columns = ("name", "tiles", "lanes", "columns", "MACs/cycle", "clock", "bytes/cycle", "on-chip memory", "hash")
        rows = tuple(
            (
                row.name,
                f"{row.tiles_x}x{row.tiles_y}",
                row.lanes,
                row.columns,
                row.macs_per_cycle_peak,
                si(row.clock_hz, "Hz"),
                row.bytes_per_cycle,
                f"{row.memory_bytes / 1024:.0f} KB",
                row.hash,
            )
            for row in self.targets
        )
        return [Table("", columns, rows)]


def targets(target: str | Path | None = None) -> TargetsDocument:
    """Every preset, or only ``target`` (a preset's name or a TOML file); raises ``TargetError``."""
    names: list[str | Path] = [*presets()] if target is None else [target]
    return TargetsDocument(targets=tuple(_row(load_target(name)) for name in names))


def on_chip_bytes(target: Target) -> int:
    """Bytes of all data memories: window, weights, accumulators, slots and residuals of each tile, map and staging."""
    accumulator_bytes = target.accumulator_entries * target.columns * target.accumulator_bits // 8
    tile = target.window_bytes + target.weight_words * target.word_bytes + accumulator_bytes
    tile += 2 * target.slot_bytes + target.residual_bytes
    return target.tiles * tile + target.map_bytes + target.staging_bytes


def _row(target: Target) -> TargetRow:
    return TargetRow(
        target.name,
        target.macs_per_cycle,
        target.tiles,
        target.tiles_x,
        target.tiles_y,
        target.lanes,
        target.columns,
        target.clock_hz,
        target.port_bytes,
        on_chip_bytes(target),
        f"{target.hash:016x}",
    )
