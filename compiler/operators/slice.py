"""Slice is a view of part of a map, with any steps, also negative; whoever reads it reads only that part."""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.movement import lower_movement
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, numbers, step
from tileloom.compiler.rule import Rule, constant_operand
from tileloom.compiler.view import Indices

NAMES = ("Slice",)


def _lists(node: Node) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Starts, ends, axes and steps, with their defaults."""
    starts = node.integers_operand(1, "starts") or ()
    ends = node.integers_operand(2, "ends") or ()
    axes = node.integers_operand(3, "axes")
    steps = node.integers_operand(4, "steps")
    return starts, ends, tuple(range(len(starts))) if axes is None else axes, steps or (1,) * len(starts)


def _wrong(node: Node) -> str | None:
    if any(node.has_input(index) and node.constant(index) is None for index in range(1, 5)):
        return None
    starts, ends, axes, steps = _lists(node)
    rank = len(node.shape(0) or ())
    if not len(starts) == len(ends) == len(axes) == len(steps):
        return f"{len(starts)} starts, {len(ends)} ends, {len(axes)} axes, {len(steps)} steps"
    if any(not -rank <= axis < rank for axis in axes) or len({axis % rank for axis in axes}) != len(axes):
        return f"axes {list(axes)} of {rank}"
    return "step 0" if 0 in steps else None


RULES = (
    constant_operand(1, "starts"),
    constant_operand(2, "ends"),
    constant_operand(3, "axes"),
    constant_operand(4, "steps"),
    Rule("TL211", "starts, ends, axes and steps must fit the input", "correct them", _wrong),
)


def _limits(start: int, end: int, step: int, size: int) -> Indices:
    """The indices along one axis, as ONNX clamps them."""
    start, end = (value + size if value < 0 else value for value in (start, end))
    if step > 0:
        return np.arange(min(max(start, 0), size), min(max(end, 0), size), step, dtype=np.int64)
    return np.arange(min(max(start, 0), size - 1), min(max(end, -1), size - 1), step, dtype=np.int64)


def lower(node: Node, lowering: Lowering) -> None:
    """Take part of the view."""

    def move(table: Indices) -> Indices:
        for start, end, axis, stride in zip(*_lists(node), strict=True):
            table = np.take(table, _limits(start, end, stride, table.shape[axis]), axis=axis)
        return table

    lower_movement(node, lowering, move)


EXAMPLES = (
    Example(
        "half of the channels and a crop",
        (
            step("Slice", "x s e a", "c"),
            step("Conv", "c w", "v"),
            step("Slice", "v t f b", "y"),
        ),
        (1, 6, 5, 7),
        {
            "s": integers(3, 1),
            "e": integers(2**62, -1),
            "a": integers(1, 3),
            "w": numbers(4, 3, 2, 2),
            "t": integers(1),
            "f": integers(3),
            "b": integers(1),
        },
    ),
    Example(
        "every second pixel, the rows backwards",
        (step("Relu", "x", "r"), step("Slice", "r s e a p", "y")),
        (1, 2, 5, 7),
        {"s": integers(-1, 1), "e": integers(-(2**62), 7), "a": integers(2, 3), "p": integers(-1, 2)},
    ),
    Example("attributes", (step("Slice", "x", "y", starts=[1], ends=[3], axes=[2]),), (1, 2, 5, 3), opset=9),
)
