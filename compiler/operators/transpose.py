"""Transpose is a view: channels last at inputs and outputs, and any order before a linear layer, cost nothing.

Where an operator needs the new order as a map, the elements are moved into one.
"""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import Rule

NAMES = ("Transpose",)


def _permutation(node: Node) -> str | None:
    shape, permutation = node.shape(0), node.integers("perm")
    if shape is None or permutation is None or sorted(permutation) == list(range(len(shape))):
        return None
    return f"perm {list(permutation)} of {len(shape)} axes"


RULES = (Rule("TL211", "perm must name every axis once", "correct perm", _permutation),)


def lower(node: Node, lowering: Lowering) -> None:
    """Permute the axes of the view."""
    if lowering.alias_on_host(node):
        return
    view = lowering.view(node, 0)
    permutation = node.integers("perm") or tuple(reversed(range(len(view.shape))))
    lowering.alias(node, view.transposed(permutation))


EXAMPLES = (
    Example(
        "channels last in and out",
        (
            step("Transpose", "x", "t", perm=[0, 3, 1, 2]),
            step("Conv", "t w", "c"),
            step("Transpose", "c", "y", perm=[0, 2, 3, 1]),
        ),
        (1, 6, 5, 3),
        {"w": numbers(4, 3, 3, 2)},
    ),
    Example(
        "rows and columns, in the middle",
        (
            step("Conv", "x w", "c"),
            step("Transpose", "c", "t", perm=[0, 1, 3, 2]),
            step("Conv", "t v", "y"),
        ),
        (1, 3, 6, 5),
        {"w": numbers(4, 3, 3, 2), "v": numbers(2, 4, 2, 2)},
    ),
    Example("alone", (step("Transpose", "x", "y", perm=[0, 3, 1, 2]),), (1, 2, 3, 4)),
)
