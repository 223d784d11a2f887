"""Where everything lies in the window under a mapping: pitches, bands, spans and the loops of a job."""

from dataclasses import dataclass
from functools import cached_property

from tileloom.compiler.backend import reduction
from tileloom.compiler.backend.layout import View
from tileloom.compiler.backend.loads import Columns, Placement, Rows, load
from tileloom.compiler.backend.mapping import Arrangement, Mapping
from tileloom.compiler.backend.sublayers import Sublayer
from tileloom.compiler.fuse import Kind, Layer
from tileloom.hw.spec import isa
from tileloom.hw.spec.config import Target


@dataclass(frozen=True)
class Region:
    """A chunk of data on its way into the window: its LOAD template, and which bytes of the tensor it reads."""

    template: isa.Load
    offset: int
    blocks: tuple[int, int]
    rows: tuple[int, int]
    """First and end of the tensor's blocks and rows."""


def reads_neighbours(layer: Layer) -> bool:
    """Whether neighbouring pixels of a plane are taps of one kernel row, which a channelwise step can read together."""
    return layer.kind == Kind.CHANNELWISE and layer.window.dilation[1] == 1 and layer.window.kernel[1] > 1


@dataclass(frozen=True)
class Geometry:
    """One sublayer under a mapping, for the output columns ``first_column .. end_column`` (after the pool)."""

    layer: Layer
    source: View
    sublayer: Sublayer
    mapping: Mapping
    target: Target
    first_column: int
    end_column: int

    @cached_property
    def input_blocks(self) -> int:
        """Input blocks in the window at a time."""
        return self.mapping.region_blocks or self.sublayer.input_blocks

    @cached_property
    def regions(self) -> int:
        """Parts of the data of a band that are loaded one after another: of the channels, each in parts of rows."""
        return -(-self.sublayer.input_blocks // self.input_blocks) * self._row_parts[0]

    def region_start(self, region: int) -> tuple[int, int]:
        """First input block and first kernel row of a region."""
        channels, rows = divmod(region, self._row_parts[0])
        return self.sublayer.first_input + channels * self.input_blocks, rows * self._row_parts[1]

    @cached_property
    def kernel_rows(self) -> int:
        """Rows of the kernel in a region."""
        return self._row_parts[2]

    def repeated_rows(self, region: int) -> int:
        """Kernel rows that a region begins with and that the one before has already: they must not count again."""
        _, distance, size = self._row_parts
        return size - distance if self.region_start(region)[1] else 0

    @cached_property
    def _row_parts(self) -> tuple[int, int, int]:
        """Parts of the kernel's rows: number, distance, size."""
        rows = self.layer.window.kernel[0]
        parts = reduction.cover(rows, self.mapping.region_rows or rows)
        assert parts is not None, "single rows cover every kernel"
        return parts

    @cached_property
    def planes(self) -> int:
        """Planes of ``columns`` channels; 0 where pixels stay together."""
        if not self.mapping.planes:
            return 0
        return self.input_blocks if self._stored_as_planes else -(-self.source.block // self.target.columns)

    @property
    def _stored_as_planes(self) -> bool:
        """Whether every block of the source is a plane already, so that whole rows of it move at once."""
        return self.source.block == self.target.columns

    @cached_property
    def pixel_bytes(self) -> int:
        """Window bytes of a pixel (of a plane)."""
        return self.target.columns if self.mapping.planes else self.input_blocks * self.source.block

    @cached_property
    def columns(self) -> Columns:
        """Input columns that are loaded; the full width where there is one strip, so that rows stay contiguous."""
        window = self.layer.window
        first = self.first_column * self.layer.pool_kernel[1] * window.stride[1] - window.pads[1]
        last = (self.end_column * self.layer.pool_kernel[1] - 1) * window.stride[1] - window.pads[1]
        low, high = first, last + window.dilation[1] * (window.kernel[1] - 1) + 1
        if self.mapping.strips == 1:
            return Columns(min(low, 0), max(high, self.source.width))
        return Columns(min(low, self.source.width - 1), max(high, 1))

    @cached_property
    def row_bytes(self) -> int:
        """Window bytes of an input row, all planes."""
        return self.columns.width * self.pixel_bytes * max(self.planes, 1)

    @cached_property
    def row_step(self) -> int:
        """Input rows of the log between two output rows; of one-row kernels only the needed rows are loaded."""
        return 1 if self.kernel_rows == 1 else self.layer.window.stride[0]

    @cached_property
    def halo_rows(self) -> int:
        """Rows of the log that an output row needs."""
        return self.layer.window.dilation[0] * (self.kernel_rows - 1) + 1

    @cached_property
    def slab_bytes(self) -> int:
        """Distance in the window of two output rows."""
        if self.mapping.arrangement == Arrangement.LOG:
            return self.row_step * self.row_bytes
        return self.kernel_rows * self.row_bytes

    @cached_property
    def column_bytes(self) -> int:
        """Distance in the window of two input columns."""
        return self.pixel_bytes * (self.kernel_rows if self.mapping.arrangement == Arrangement.FULL else 1)

    def band_start(self, row: int) -> int:
        """Window byte of output row ``row`` (before the pool), from that of row 0."""
        return row * self.slab_bytes

    def band_bytes(self, rows: int) -> int:
        """Window bytes that ``rows`` output rows (before the pool) need."""
        if self.mapping.arrangement == Arrangement.LOG:
            return ((rows - 1) * self.row_step + self.halo_rows) * self.row_bytes
        return rows * self.slab_bytes

    @property
    def starts_inside(self) -> bool:
        """Whether the first column loaded is the first one needed (not so for strips that lie in the padding)."""
        window = self.layer.window
        needed = self.first_column * self.layer.pool_kernel[1] * window.stride[1] - window.pads[1]
        return needed == self.columns.low

    @cached_property
    def reduction(self) -> reduction.Reduction:
        """The loops of a pixel and the order of its weights, in a region."""
        window, lanes = self.layer.window, self.target.lanes
        kernel, kernel_row = (self.kernel_rows, window.kernel[1]), self._kernel_row_bytes
        if self.layer.kind != Kind.DENSE:
            if self.mapping.planes and reads_neighbours(self.layer):
                reads = self.target.pixels_per_read
                return reduction.neighbours(kernel, self.target.columns, kernel_row, lanes, reads)
            return reduction.tap_by_tap(kernel, window.dilation[1], self.pixel_bytes, kernel_row, lanes)
        channels, pitch = self.pixel_bytes, self.pixel_bytes
        if self.mapping.arrangement == Arrangement.FULL:
            return reduction.whole_string(kernel, window.dilation[1], channels, pitch, lanes)
        string = -(-((window.kernel[1] - 1) * window.dilation[1] + 1) * pitch // lanes)
        taps = window.kernel[1] * -(-pitch // lanes) < string
        return reduction.strings(kernel, window.dilation[1], channels, pitch, kernel_row, lanes, taps=taps)

    @property
    def _kernel_row_bytes(self) -> int:
        if self.mapping.arrangement == Arrangement.LOG:
            return self.layer.window.dilation[0] * self.row_bytes
        return self.row_bytes

    @property
    def group_window(self) -> int:
        """Distance in the window of two groups of columns."""
        if self.layer.kind == Kind.DENSE:
            return 0
        return self.columns.width * self.pixel_bytes if self.mapping.planes else self.target.columns

    def group_offset(self, first_channel: int) -> int:
        """Window byte of an output channel's group, channelwise; dense units all read the same bytes."""
        first_input = self.sublayer.first_input * self.source.block
        return self.group_window * ((first_channel - first_input) // self.target.columns)

    def pixel_strides(self) -> dict[str, int]:
        """The window strides of a job's pixel loops."""
        pool_y, pool_x = self.layer.pool_kernel
        x = self.layer.window.stride[1] * self.column_bytes
        return {
            "sub_x_window": x if pool_x > 1 else 0,
            "sub_y_window": self.slab_bytes if pool_y > 1 else 0,
            "pixel_x_window": x * pool_x,
            "pixel_y_window": self.slab_bytes * pool_y,
        }

    def log_rows(self, first: int, count: int, region: int) -> Region:
        """A chunk of ``count`` rows of the log; row ``first`` is counted from output row 0's first one."""
        window = self.layer.window
        step = window.stride[0] if self.kernel_rows == 1 else 1
        above = window.pads[0] - self.region_start(region)[1] * window.dilation[0]
        return self._region(Rows(first * step - above, step, count), region, self.row_bytes)

    def slab(self, row: int, region: int) -> Region:
        """The chunk of output row ``row`` (before the pool)."""
        window = self.layer.window
        above = window.pads[0] - self.region_start(region)[1] * window.dilation[0]
        rows = Rows(row * window.stride[0] - above, window.dilation[0], self.kernel_rows)
        full = self.mapping.arrangement == Arrangement.FULL
        return self._region(rows, region, self.pixel_bytes if full else self.row_bytes)

    def _region(self, rows: Rows, region: int, row_window: int) -> Region:
        first = self.region_start(region)[0]
        end = min(first + self.input_blocks, self.sublayer.end_input)
        plane = self.columns.width * self.pixel_bytes
        block_window = plane if self.planes else (self.source.block if end - first > 1 else 0)
        apart = 0 if self._stored_as_planes else self.planes
        placement = Placement(self.column_bytes, row_window, block_window, apart)
        full_rows = rows.count * self.row_bytes
        template, offset = load(
            self.source,
            (first, end),
            rows,
            self.columns,
            placement,
            self.target,
            advance=full_rows,
            pad_value=self.layer.pad_value,
        )
        before, inside, _ = rows.split(self.source.height)
        first_row = rows.first + before * rows.step
        last_row = first_row + (inside - 1) * rows.step
        return Region(template, offset, (first, end), (first_row, last_row + 1) if inside else (0, 0))
