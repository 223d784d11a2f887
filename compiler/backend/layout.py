"""How tensors lie in memory: channel blocks of rows of pixels, ``[blocks][height][width][block]`` activations."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tileloom.compiler.backend.arrange import Arrangement
from tileloom.compiler.fuse import Kind, Layer
from tileloom.compiler.graph import Tensor
from tileloom.hw.spec.config import Target


def block_of(channels: int, target: Target) -> int:
    """Activations of a pixel in one block: all channels of a thin tensor, else the target's channel block."""
    return min(channels, target.channel_block)


@dataclass(frozen=True)
class View:
    """A tensor as transfers see it; addresses are relative to the first byte of its place.

    ``channels`` are those that lie there, in slots: with ``slots`` channel ``c`` of the tensor is the ``slots[c]``-th
    of them, and the others are holes, on which nothing may depend.
    """

    tensor: str
    """The place: the tensor's own, or that of several."""
    channels: int
    height: int
    width: int
    block: int
    element_bytes: int = 1
    start: int = 0
    """First activation in the place: that of a block."""
    slots: tuple[int, ...] = ()

    @property
    def blocks(self) -> int:
        """Number of channel blocks."""
        return -(-self.channels // self.block)

    @property
    def plane_bytes(self) -> int:
        """Bytes of one block, the distance of two."""
        return self.height * self.width * self.block * self.element_bytes

    @property
    def size_bytes(self) -> int:
        """Bytes of the tensor, the last block's padding included."""
        return self.blocks * self.plane_bytes

    @property
    def elements(self) -> int:
        """Activations of the tensor, the last block's padding included."""
        return self.blocks * self.height * self.width * self.block

    def offset(self, block: int, row: int, column: int, element: int = 0) -> int:
        """Byte of an activation: of the ``element``-th of a pixel of a block."""
        pixel = self.start + (row * self.width + column) * self.block
        return block * self.plane_bytes + (pixel + element) * self.element_bytes

    @property
    def is_vector(self) -> bool:
        """One pixel: its activations are contiguous in the order of channels, whatever the block."""
        return self.height * self.width == 1

    @property
    def numbers(self) -> int:
        """Elements of the tensor itself, without holes."""
        return (len(self.slots) or self.channels) * self.height * self.width

    def places(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Where elements lie in the tensor's place, in elements; they are numbered as by :class:`graph.Piece`."""
        pixels = self.height * self.width
        channels, pixel = numbers // pixels, numbers % pixels
        slots = np.array(self.slots, np.int64)[channels] if self.slots else channels
        return self.start + (slots // self.block * pixels + pixel) * self.block + slots % self.block

    def as_vector(self, block: int) -> "View":
        """The same activations in the order of memory, as one pixel of as many channels, in blocks of ``block``."""
        return View(self.tensor, self.elements, 1, 1, block, self.element_bytes, self.start)


def view_of(tensor: Tensor, target: Target, *, planar: bool = False) -> View:
    """The view of a tensor of the graph on a target; ``planar``: blocks of ``columns`` channels only."""
    block = min(tensor.channels, target.columns) if planar else block_of(tensor.channels, target)
    return View(tensor.name, tensor.channels, tensor.height, tensor.width, block, target.element_bytes)


def views_of(arrangement: Arrangement, layers: list[Layer], target: Target) -> dict[str, View]:
    """The views of all tensors.

    A tensor that only channelwise layers read lies in planes of ``columns`` channels: they move into the window as
    whole rows, where neighbouring pixels then are neighbouring words. A channelwise layer takes no block of its input
    apart, so that what it makes is planar only if what it reads is. Tensors that are arranged lie in channel blocks.
    """
    graph, members = arrangement.graph, arrangement.members
    makers = {layer.output: layer for layer in layers}
    others = {*graph.outputs, *(layer.input for layer in layers if layer.kind == Kind.DENSE)}
    others |= {layer.add.residual for layer in layers if layer.add}
    others |= {*members, *(member.place for member in members.values())}
    views: dict[str, View] = {}

    def planar(name: str) -> bool:
        maker = makers.get(name)
        if name in others or not any(layer.input == name for layer in layers):
            return False
        return maker is None or maker.kind == Kind.DENSE or planar(maker.input)

    for name, tensor in graph.tensors.items():
        views[name] = view_of(tensor, target, planar=planar(name))
    return {name: _arranged(view, name, arrangement, target) for name, view in views.items()}


def _arranged(view: View, name: str, arrangement: Arrangement, target: Target) -> View:
    """The view of a tensor in its place."""
    member = arrangement.members.get(name)
    if member is None:
        return view
    if member.place in arrangement.places:
        block = target.channel_block
    else:
        root = arrangement.members.get(member.place)
        block = block_of(root.extent if root else arrangement.graph.tensors[member.place].channels, target)
    start = member.first * view.height * view.width
    assert member.first % block == 0, "members of a place begin at blocks"
    return replace(view, tensor=member.place, channels=member.extent, block=block, start=start, slots=member.slots)
