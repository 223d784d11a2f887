"""Split gives views of parts of a map; whoever reads one reads only that part."""

from itertools import accumulate

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.movement import lower_movement
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, numbers, step
from tileloom.compiler.rule import Rule, constant_operand
from tileloom.compiler.view import Indices

NAMES = ("Split",)


def _sizes(node: Node) -> list[int] | None:
    """Sizes of the outputs along the axis, None where one is unknown."""
    shape, axis = node.shape(0), node.integer("axis", 0)
    if shape is None or not -len(shape) <= axis < len(shape):
        return None
    shapes = [node.output_shape(index) for index in range(len(node.outputs))]
    return None if any(each is None for each in shapes) else [each[axis] for each in shapes if each is not None]


def _wrong(node: Node) -> str | None:
    shape, axis, sizes = node.shape(0), node.integer("axis", 0), _sizes(node)
    if shape is None or (node.has_input(1) and node.constant(1) is None):
        return None
    if not -len(shape) <= axis < len(shape):
        return f"axis {axis} of {len(shape)}"
    if sizes is None:
        return "an output of unknown size"
    return None if sum(sizes) == shape[axis] else f"{sizes} of {shape[axis]}"


RULES = (
    constant_operand(1, "the sizes"),
    Rule("TL211", "the outputs must be the whole of the input", "correct the sizes", _wrong),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Take one part of the view for each output."""
    sizes, axis = _sizes(node) or [], node.integer("axis", 0)
    for index, (end, size) in enumerate(zip(accumulate(sizes), sizes, strict=True)):
        before = (slice(None),) * (axis % len(node.shape(0) or ()))

        def move(table: Indices, part: slice = slice(end - size, end), before: tuple[slice, ...] = before) -> Indices:
            return table[(*before, part)]

        if node.outputs[index]:
            lower_movement(node, lowering, move, index)


EXAMPLES = (
    Example(
        "halves, one convolved, put together again",
        (
            step("Relu", "x", "r"),
            step("Split", "r", "a b", axis=1),
            step("Conv", "a w", "c", pads=[1, 1, 1, 1]),
            step("Concat", "b c", "y", axis=1),
        ),
        (1, 6, 4, 5),
        {"w": numbers(3, 3, 3, 3)},
    ),
    Example(
        "sizes as input",
        (step("Split", "x s", "a b", axis=-1), step("MaxPool", "b", "y", kernel_shape=[2, 2])),
        (1, 2, 3, 7),
        {"s": integers(2, 5)},
    ),
    Example(
        "sizes as attribute",
        (step("Split", "x", "a b", axis=2, split=[3, 2]), step("Relu", "a", "y")),
        (1, 2, 5, 3),
        opset=11,
    ),
)
