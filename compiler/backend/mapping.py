"""A mapping: how a layer is laid onto lanes, columns, tiles and time. The choice itself is in :mod:`.search`."""

from dataclasses import dataclass
from enum import Enum


class Arrangement(Enum):
    """How input rows lie in the window buffer."""

    LOG = "row log"
    """Row after row; neighbouring bands share their halo rows. One string of bytes for each kernel row."""
    SLABS = "row slabs"
    """For each output row the kernel's rows, one after another."""
    FULL = "dense slabs"
    """For each output row the kernel's rows interleaved pixel by pixel: the whole kernel is one string."""


class Order(Enum):
    """Loop order of bands of rows and of output channels, and what is loaded again."""

    RESIDENT = "weights resident"
    """Bands outside; the weights of all output channels stay in the ring."""
    STREAMED = "weights streamed"
    """Bands outside; the weights are read again for every band."""
    HELD = "bands held"
    """Output channels outside: the input stays in the window, weights are read once."""


@dataclass(frozen=True)
class Mapping:
    """The choices for one layer."""

    arrangement: Arrangement
    order: Order
    tiles_out: int
    """Tiles side by side that share the output channels (or the sublayers)."""
    tiles_rows: int
    """Parts that the output rows are split into."""
    rows: int
    """Output rows of a band (after the pool)."""
    strips: int
    """Parts that the output columns are split into, one after another."""
    unit_groups: int
    """Groups of columns of a unit."""
    planes: bool = False
    """Channelwise: one plane of ``columns`` channels after another, so that a step reads neighbouring pixels."""
    chunk_words: int = 0
    """At most so many steps of a pixel in one unit (0: all); more are summed up in the accumulator memory."""
    region_blocks: int = 0
    """Input blocks that are in the window at a time (0: all)."""
    region_rows: int = 0
    """At most so many rows of the kernel have their data in the window at a time (0: all)."""

    def __str__(self) -> str:
        parts = [
            self.arrangement.value,
            self.order.value,
            f"{self.tiles_out} x {self.tiles_rows} tiles (channels x rows)",
            f"bands of {self.rows} rows",
            f"{self.unit_groups} column groups a unit",
        ]
        if self.strips > 1:
            parts.append(f"{self.strips} column strips")
        if self.planes:
            parts.append("neighbouring pixels on lanes")
        if self.chunk_words:
            parts.append(f"sums in chunks of {self.chunk_words} steps")
        if self.region_blocks:
            parts.append(f"{self.region_blocks} input blocks at a time")
        if self.region_rows:
            parts.append(f"{self.region_rows} kernel rows at a time")
        return ", ".join(parts)
