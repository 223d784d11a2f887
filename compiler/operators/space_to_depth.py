"""SpaceToDepth is a view: the pixels of a block become channels of a smaller map."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.movement import lower_movement
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import Rule, rank_of_input
from tileloom.compiler.view import Indices

NAMES = ("SpaceToDepth",)


def _wrong(node: Node) -> str | None:
    shape, size = node.shape(0), node.integer("blocksize", 0)
    if shape is None or len(shape) != 4 or (size > 0 and shape[2] % size == 0 and shape[3] % size == 0):
        return None
    return f"blocksize {size} for {shape[2]}x{shape[3]}"


RULES = (
    rank_of_input((4,), "use it on N x C x H x W maps"),
    Rule("TL211", "blocksize must divide height and width", "correct it", _wrong),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Reorder the view."""
    size = node.integer("blocksize", 0)
    pixels_first = node.text("mode", "DCR") == "DCR"

    def move(table: Indices) -> Indices:
        batch, channels, height, width = table.shape
        blocks = table.reshape(batch, channels, height // size, size, width // size, size)
        blocks = blocks.transpose(*((0, 3, 5, 1, 2, 4) if pixels_first else (0, 1, 3, 5, 2, 4)))
        return blocks.reshape(batch, channels * size * size, height // size, width // size)

    lower_movement(node, lowering, move)


EXAMPLES = (
    Example(
        "before a convolution",
        (step("SpaceToDepth", "x", "d", blocksize=2), step("Conv", "d w", "y")),
        (1, 3, 6, 4),
        {"w": numbers(5, 12, 2, 2, scale=0.2)},
    ),
)
