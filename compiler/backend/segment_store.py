"""The program's weights: every segment of a layer once, in the order in which it is first needed."""

import numpy as np

from tileloom.compiler.backend.geometry import Geometry
from tileloom.compiler.backend.outputs import OutputUnit
from tileloom.compiler.backend.reduction import Chunk, chunks
from tileloom.compiler.backend.segments import segment
from tileloom.compiler.backend.sublayers import full_weights
from tileloom.compiler.fuse import Kind, Layer
from tileloom.compiler.graph import Codes
from tileloom.hw.spec.config import Target

SegmentKey = tuple[int, int, int, int]
"""Sublayer, first channel, region, chunk."""


class SegmentStore:
    """Makes and places the weight segments of one layer behind those of the layers before it."""

    def __init__(self, layer: Layer, target: Target, start: int) -> None:
        self.layer, self.target, self.start = layer, target, start
        self.data = bytearray()
        self._places: dict[SegmentKey, tuple[int, int]] = {}
        self._boxes: dict[tuple[int, int], tuple[tuple[int, int, int], list[Chunk]]] = {}
        self._kernels: dict[tuple[int, int], Codes] = {}

    def boxes(self, geometry: Geometry) -> tuple[tuple[int, int, int], list[Chunk]]:
        """Loops of a box, and the boxes, of a region's reduction."""
        key = (geometry.sublayer.first_output, geometry.first_column)
        if key not in self._boxes:
            whole = geometry.reduction
            boxes = chunks(whole, geometry.mapping.chunk_words or whole.words)
            assert boxes is not None, "the search offers only mappings whose reduction can be cut"
            self._boxes[key] = boxes
        return self._boxes[key]

    def key(self, unit: OutputUnit, region: int, chunk: int) -> SegmentKey:
        """Name of a unit's segment; a uniform layer has one for all units."""
        return (0, 0, region, chunk) if self.layer.uniform else (unit.sublayer, unit.first, region, chunk)

    def place(self, geometry: Geometry, unit: OutputUnit, region: int, chunk: int) -> tuple[int, int]:
        """Address and bytes of a segment; it is made when it is first asked for."""
        key = self.key(unit, region, chunk)
        if key not in self._places:
            index = self.boxes(geometry)[1][chunk].index
            body = segment(self.layer, self._region_kernels(geometry, region), unit, index, self.target)
            self._places[key] = (self.start + len(self.data), len(body))
            self.data += body + bytes(-len(body) % self.target.port_bytes)
        return self._places[key]

    def _region_kernels(self, geometry: Geometry, region: int) -> Codes:
        """Kernels ``(out, channels in the window * rows of a region * kernel_x)``, as a reduction counts them."""
        key = (geometry.sublayer.first_output, region)
        if key not in self._kernels:
            block, row = geometry.region_start(region)
            part = self._channel_kernels(geometry, block)[:, :, row : row + geometry.kernel_rows]
            repeated = geometry.repeated_rows(region)
            if repeated:
                part = part.copy()
                part[:, :, :repeated] = 0
            self._kernels[key] = part.reshape(len(part), -1)
        return self._kernels[key]

    def _channel_kernels(self, geometry: Geometry, block: int) -> Codes:
        """Kernels of the input channels in the window, the first being that of an input block."""
        if self.layer.kind != Kind.DENSE:
            return self.layer.weights
        weights = full_weights(self.layer)
        start, count = block * geometry.source.block, geometry.pixel_bytes
        part = weights[:, start : start + count]
        padded = np.zeros((len(weights), count, *weights.shape[2:]), weights.dtype)
        padded[:, : part.shape[1]] = part
        return padded
