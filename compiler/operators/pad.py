"""Pad puts a map into a larger one filled with a constant; reflected, edge and wrapped padding is a view.

Negative pads crop. Constant padding with zeros before a convolution or an average pool becomes that operator's own.
"""

import numpy as np

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.movement import assemble, lower_movement
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, numbers, step
from tileloom.compiler.quantisation_parameters import ACTIVATION_TYPES
from tileloom.compiler.rule import Rule, constant_operand, scalar_constant
from tileloom.compiler.view import Indices

NAMES = ("Pad",)

MODES = ("constant", "reflect", "edge", "wrap")

Pads = list[tuple[int, int]]


def _pads(node: Node) -> Pads | None:
    """Elements before and after, for every axis of the input; None where they do not fit it."""
    shape, given = node.shape(0) or (), node.integers_operand(1, "pads") or ()
    axes = node.integers_operand(3, "axes")
    axes = tuple(range(len(shape))) if axes is None else axes
    if len(given) != 2 * len(axes) or any(not -len(shape) <= axis < len(shape) for axis in axes):
        return None
    pads = [(0, 0)] * len(shape)
    for index, axis in enumerate(axes):
        pads[axis] = given[index], given[index + len(axes)]
    return pads


def _wrong(node: Node) -> str | None:
    if any(node.has_input(index) and node.constant(index) is None for index in (1, 3)):
        return None
    pads, shape, mode = _pads(node), node.shape(0) or (), node.text("mode", "constant")
    if pads is None:
        return f"pads {list(node.integers_operand(1, 'pads') or ())} of {len(shape)} axes"
    if mode not in MODES:
        return f"mode {mode!r}"
    kept = [size + min(low, 0) + min(high, 0) for size, (low, high) in zip(shape, pads, strict=True)]
    far = mode == "reflect" and any(max(pad) > max(size - 1, 0) for size, pad in zip(kept, pads, strict=True))
    return f"pads {pads} of {list(shape)}" if far or min(kept, default=1) < 1 else None


RULES = (
    constant_operand(1, "pads"),
    constant_operand(2, "the padding"),
    constant_operand(3, "axes"),
    scalar_constant(2, "the padding"),
    Rule("TL211", "mode and pads must fit the input, reflected ones be smaller than it", "correct them", _wrong),
)


def _cropped(table: Indices, pads: Pads) -> Indices:
    """The table without what negative pads take away."""
    parts = [slice(max(-low, 0), size + min(high, 0)) for size, (low, high) in zip(table.shape, pads, strict=True)]
    return table[tuple(parts)]


def _padding(node: Node, lowering: Lowering) -> float:
    """The real number of the padding; of an integer type it is a code."""
    constant = node.constant(2)
    value = node.real("value", 0.0) if constant is None else float(constant.values.ravel()[0])
    offset = ACTIVATION_TYPES.get(node.types.get(node.inputs[0], 0))
    grid = None if offset is None else lowering.quantisation(lowering.view(node, 0))
    return value if grid is None or offset is None else (value - offset - grid.zero_point) * grid.scale


def lower(node: Node, lowering: Lowering) -> None:
    """Crop and repeat in the view; emit an assembly where new elements come in."""
    if lowering.alias_on_host(node):
        return
    pads, mode = _pads(node) or [], node.text("mode", "constant")
    grown = [(max(low, 0), max(high, 0)) for low, high in pads]

    def move(table: Indices) -> Indices:
        table = _cropped(table, pads)
        if mode == "edge":
            return np.pad(table, grown, mode="edge")
        return np.pad(table, grown, mode="wrap") if mode == "wrap" else np.pad(table, grown, mode="reflect")

    if mode != "constant":
        lower_movement(node, lowering, move)
        return
    if not any(max(pad) for pad in grown):
        lower_movement(node, lowering, lambda table: _cropped(table, pads))
        return
    view = lowering.view(node, 0)
    part = view.reordered(_cropped(view.positions(), pads))
    shape = [size + low + high for size, (low, high) in zip(part.shape, grown, strict=True)]
    table = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    inside = tuple(slice(low, low + size) for size, (low, _) in zip(part.shape, grown, strict=True))
    assemble(node, lowering, [(part, table[inside])], _padding(node, lowering))


EXAMPLES = (
    Example(
        "zeros before a convolution",
        (step("Pad", "x p", "q"), step("Conv", "q w", "y", pads=[0, 1, 0, 1], strides=[2, 2])),
        (1, 3, 6, 5),
        {"p": integers(0, 0, 1, 2, 0, 0, 2, 0), "w": numbers(4, 3, 3, 3)},
    ),
    Example(
        "another number, in the middle, cropped on one side",
        (
            step("Conv", "x w", "c"),
            step("Pad", "c p v", "q"),
            step("Conv", "q u", "y"),
        ),
        (1, 3, 6, 5),
        {
            "p": integers(0, 1, 2, -1, 0, 2, 0, 1),
            "v": np.asarray(1.5, dtype=np.float32),
            "w": numbers(4, 3, 1, 1),
            "u": numbers(2, 7, 2, 2),
        },
    ),
    Example(
        "reflected",
        (step("Pad", "x p", "q", mode="reflect"), step("Conv", "q w", "y")),
        (1, 3, 6, 5),
        {"p": integers(0, 0, 2, 1, 0, 0, 2, 3), "w": numbers(4, 3, 3, 3)},
    ),
    Example(
        "edges, some axes",
        (step("Relu", "x", "r"), step("Pad", "r p - a", "y", mode="edge")),
        (1, 2, 3, 4),
        {"p": integers(2, 1, 0, 3), "a": integers(-1, 2)},
        opset=18,
    ),
    Example(
        "wrapped",
        (step("Pad", "x p", "q", mode="wrap"), step("Conv", "q w", "y")),
        (1, 2, 4, 3),
        {"p": integers(0, 0, 1, 2, 0, 0, 2, 1), "w": numbers(2, 2, 3, 3)},
        opset=19,
    ),
    Example(
        "attributes, before an average pool",
        (step("Pad", "x", "q", pads=[0, 0, 1, 1, 0, 0, 1, 1]), step("AveragePool", "q", "y", kernel_shape=[3, 3])),
        (1, 2, 4, 5),
        opset=9,
    ),
    Example(
        "minus infinity before a max pool",
        (step("Pad", "x p v", "q"), step("MaxPool", "q", "y", kernel_shape=[3, 3], strides=[2, 2])),
        (1, 2, 6, 6),
        {"p": integers(0, 0, 1, 1, 0, 0, 1, 1), "v": np.asarray(-np.inf, dtype=np.float32)},
    ),
)
