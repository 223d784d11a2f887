"""Concat puts its inputs side by side along any axis in a map of their common grid; inputs may be constants."""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.movement import assemble, view_or_constant
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, numbers, step
from tileloom.compiler.rule import Rule

NAMES = ("Concat",)


def _axis(node: Node) -> str | None:
    shape, axis = node.shape(0), node.integer("axis", 1)
    return None if shape is None or -len(shape) <= axis < len(shape) else f"{axis} of {len(shape)} axes"


def _fits(node: Node) -> str | None:
    shapes = [node.shape(index) for index in range(len(node.inputs))]
    first = shapes[0]
    if first is None or _axis(node) is not None:
        return None
    axis = node.integer("axis", 1) % len(first)
    for shape in shapes:
        if shape is not None and (len(shape) != len(first) or _without(shape, axis) != _without(first, axis)):
            return f"{list(shape)} beside {list(first)} along axis {axis}"
    return None


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


RULES = (
    Rule("TL211", "the axis must exist", "correct axis", _axis),
    Rule("TL211", "inputs may differ along the axis only", "resize or pad one of them before", _fits),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit one assembly."""
    if lowering.alias_on_host(node):
        return
    views = [view_or_constant(node, lowering, index) for index in range(len(node.inputs))]
    axis = node.integer("axis", 1) % len(views[0].shape)
    shape = list(views[0].shape)
    shape[axis] = sum(view.shape[axis] for view in views)
    table = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    ends = np.cumsum([view.shape[axis] for view in views])
    assemble(node, lowering, list(zip(views, np.split(table, ends[:-1], axis=axis), strict=True)))


EXAMPLES = (
    Example(
        "two convolutions, then a third",
        (
            step("Conv", "x v", "a"),
            step("Relu", "a", "r"),
            step("Conv", "x w", "b", pads=[1, 1, 1, 1]),
            step("Concat", "r b", "c", axis=1),
            step("Conv", "c u", "y"),
        ),
        (1, 3, 6, 5),
        {"v": numbers(5, 3, 1, 1), "w": numbers(7, 3, 3, 3), "u": numbers(4, 12, 1, 1, scale=0.2)},
    ),
    Example("along the height, of an input with itself", (step("Concat", "x x", "y", axis=-2),), (1, 3, 4, 5)),
    Example(
        "channels last",
        (
            step("Conv", "x v", "a"),
            step("Transpose", "a", "at", perm=[0, 2, 3, 1]),
            step("Transpose", "x", "xt", perm=[0, 2, 3, 1]),
            step("Concat", "at xt", "ct", axis=3),
            step("Transpose", "ct", "c", perm=[0, 3, 1, 2]),
            step("Relu", "c", "y"),
        ),
        (1, 3, 4, 5),
        {"v": numbers(5, 3, 1, 1)},
    ),
    Example("with a constant", (step("Concat", "x c", "y", axis=1),), (1, 3, 4, 2), {"c": numbers(1, 2, 4, 2)}),
    Example(
        "heads of a detector",
        (
            step("Conv", "x v", "a"),
            step("Transpose", "a", "at", perm=[0, 2, 3, 1]),
            step("Reshape", "at s", "ar"),
            step("MaxPool", "x", "p", kernel_shape=[2, 2], strides=[2, 2]),
            step("Conv", "p w", "b"),
            step("Transpose", "b", "bt", perm=[0, 2, 3, 1]),
            step("Reshape", "bt s", "br"),
            step("Concat", "ar br", "y", axis=1),
        ),
        (1, 3, 4, 6),
        {"v": numbers(4, 3, 1, 1), "w": numbers(6, 3, 1, 1), "s": integers(1, -1, 2)},
    ),
)
