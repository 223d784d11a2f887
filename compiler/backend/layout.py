"""How tensors lie in memory: channel blocks of rows of pixels, ``[blocks][height][width][block]`` bytes."""

from dataclasses import dataclass

from tileloom.compiler.fuse import Kind, Layer
from tileloom.compiler.graph import IntegerGraph, Tensor
from tileloom.hw.spec.config import Target


def block_of(channels: int, target: Target) -> int:
    """Bytes of a pixel in one block: all channels of a thin tensor, else the target's channel block."""
    return min(channels, target.channel_block)


@dataclass(frozen=True)
class View:
    """A tensor as transfers see it; addresses are relative to its first byte."""

    tensor: str
    channels: int
    height: int
    width: int
    block: int

    @property
    def blocks(self) -> int:
        """Number of channel blocks."""
        return -(-self.channels // self.block)

    @property
    def plane_bytes(self) -> int:
        """Bytes of one block, the distance of two."""
        return self.height * self.width * self.block

    @property
    def size_bytes(self) -> int:
        """Bytes of the tensor, the last block's padding included."""
        return self.blocks * self.plane_bytes

    @property
    def is_vector(self) -> bool:
        """One pixel: its bytes are contiguous in the order of channels, whatever the block."""
        return self.height * self.width == 1

    def as_vector(self) -> "View":
        """The same bytes in the order of memory, as one pixel of as many channels."""
        return View(self.tensor, self.size_bytes, 1, 1, self.size_bytes)


def view_of(tensor: Tensor, target: Target, *, planar: bool = False) -> View:
    """The view of a tensor of the graph on a target; ``planar``: blocks of ``columns`` channels only."""
    block = min(tensor.channels, target.columns) if planar else block_of(tensor.channels, target)
    return View(tensor.name, tensor.channels, tensor.height, tensor.width, block)


def views_of(graph: IntegerGraph, layers: list[Layer], target: Target) -> dict[str, View]:
    """The views of all tensors.

    A tensor that only channelwise layers read lies in planes of ``columns`` channels: they move into the window as
    whole rows, where neighbouring pixels then are neighbouring words. A channelwise layer takes no block of its input
    apart, so that what it makes is planar only if what it reads is.
    """
    makers = {layer.output: layer for layer in layers}
    others = {*graph.outputs, *(layer.input for layer in layers if layer.kind == Kind.DENSE)}
    others |= {layer.add.residual for layer in layers if layer.add}
    views: dict[str, View] = {}

    def planar(name: str) -> bool:
        maker = makers.get(name)
        if name in others or not any(layer.input == name for layer in layers):
            return False
        return maker is None or maker.kind == Kind.DENSE or planar(maker.input)

    for name, tensor in graph.tensors.items():
        views[name] = view_of(tensor, target, planar=planar(name))
    return views
