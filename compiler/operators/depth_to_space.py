"""DepthToSpace is a view: channels become pixels of a larger map, in depth-column or column-row-depth order."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.movement import lower_movement
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import Rule, rank_of_input
from tileloom.compiler.view import Indices

NAMES = ("DepthToSpace",)


def _wrong(node: Node) -> str | None:
    shape, size = node.shape(0), node.integer("blocksize", 0)
    if node.text("mode", "DCR") not in ("DCR", "CRD"):
        return f"mode {node.text('mode', 'DCR')!r}"
    if shape is None or len(shape) != 4 or (size > 0 and shape[1] % (size * size) == 0):
        return None
    return f"blocksize {size} for {shape[1]} channels"


RULES = (
    rank_of_input((4,), "use it on N x C x H x W maps"),
    Rule("TL211", "mode must be DCR or CRD, and blocksize squared divide the channels", "correct them", _wrong),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Reorder the view."""
    size, columns_first = node.integer("blocksize", 0), node.text("mode", "DCR") == "CRD"

    def move(table: Indices) -> Indices:
        batch, channels, height, width = table.shape
        depth = channels // (size * size)
        if columns_first:
            blocks = table.reshape(batch, depth, size, size, height, width).transpose(0, 1, 4, 2, 5, 3)
        else:
            blocks = table.reshape(batch, size, size, depth, height, width).transpose(0, 3, 4, 1, 5, 2)
        return blocks.reshape(batch, depth, height * size, width * size)

    lower_movement(node, lowering, move)


EXAMPLES = (
    Example(
        "depth first, at the end",
        (step("Conv", "x w", "c"), step("DepthToSpace", "c", "y", blocksize=3)),
        (1, 2, 4, 5),
        {"w": numbers(9, 2, 2, 2)},
    ),
    Example(
        "columns first, in the middle",
        (
            step("Conv", "x w", "c"),
            step("DepthToSpace", "c", "d", blocksize=2, mode="CRD"),
            step("Conv", "d v", "y"),
        ),
        (1, 2, 4, 3),
        {"w": numbers(8, 2, 1, 1), "v": numbers(3, 2, 3, 3)},
    ),
)
