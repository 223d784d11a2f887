"""Add of two maps becomes Add (scales of their own); Add of a constant per channel becomes a bias.

The constant may have any shape that broadcasts to one number per channel, for example (8, 1, 1).
"""

import numpy as np

from tileloom.compiler.lowering import Lowering, refuse
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.real_graph import Addition, Affine
from tileloom.compiler.rule import Rule

NAMES = ("Add",)


def _shapes(node: Node) -> str | None:
    a, b = node.shape(0), node.shape(1)
    if a is None or b is None or a == b or node.constant(0) is not None or node.constant(1) is not None:
        return None
    return f"{list(a)} and {list(b)}"


def _grows(node: Node) -> str | None:
    data = node.shape(1) if node.constant(0) is not None else node.shape(0)
    output = node.output_shape()
    if data is None or output is None or np.prod(data) == np.prod(output):
        return None
    return f"{list(data)} to {list(output)}"


RULES = (
    Rule("TL207", "two maps must have the same shape", "resize or repeat one of them before", _shapes),
    Rule("TL207", "a constant must not enlarge the map", "reshape the constant", _grows),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit an addition, or an offset per channel."""
    for data, constant in ((0, 1), (1, 0)):
        addend = node.constant(constant)
        if addend is not None:
            view = lowering.placed(node, data)
            offset = lowering.per_channel(node, view, addend.values)
            output = lowering.add_like(node, view)
            lowering.emit(Affine(node.source, view.name, output, np.ones_like(offset), offset))
            return
    a, b = lowering.placed(node, 0), lowering.placed(node, 1)
    first, second = lowering.maps[a.name], lowering.maps[b.name]
    same = (first.channels, first.height, first.width) == (second.channels, second.height, second.width)
    p, q = lowering.positions(a), lowering.positions(b)
    if not same or (p is None) != (q is None) or (p is not None and q is not None and not np.array_equal(p, q)):
        raise refuse(
            node,
            "TL209",
            "both maps must have the same order of elements",
            f"reordered views {list(a.shape)} of {a.name!r} and {list(b.shape)} of {b.name!r}",
            "move the Reshape or Transpose to the network's input or output",
        )
    lowering.emit(Addition(node.source, a.name, b.name, lowering.add_like(node, a)))


EXAMPLES = (
    Example(
        "residual, unequal scales",
        (step("Conv", "x w", "c", pads=[1, 1, 1, 1]), step("Add", "c x", "a"), step("Relu", "a", "y")),
        (1, 4, 6, 5),
        {"w": numbers(4, 4, 3, 3)},
    ),
    Example(
        "bias of shape (c, 1, 1)",
        (step("Conv", "x w", "c"), step("Add", "c b", "y")),
        (1, 2, 6, 5),
        {"w": numbers(3, 2, 3, 3), "b": numbers(3, 1, 1)},
    ),
    Example("constant first, alone", (step("Add", "b x", "y"),), (1, 3, 4, 4), {"b": numbers(1, 3, 1, 1)}),
    Example("of a map with itself", (step("Add", "x x", "y"),), (1, 3, 4, 4)),
)
