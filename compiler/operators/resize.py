"""Resize: nearest is a view that repeats and skips; linear and cubic are convolutions.

Interpolation whose pattern repeats after at most 8 elements is a depthwise convolution per phase on a map with repeated
borders; any other is a matrix along each axis, as a 1x1 convolution with that axis as channels.
"""

from collections.abc import Sequence

import numpy as np
from onnx import helper

from tileloom.compiler.graph import Window
from tileloom.compiler.lowering import Lowering, planes_of
from tileloom.compiler.movement import lower_movement
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, numbers, step
from tileloom.compiler.phases import lower_phases
from tileloom.compiler.real_graph import Convolution, Map
from tileloom.compiler.resampling import COORDINATES, NEAREST, Axis
from tileloom.compiler.rule import Rule, constant_operand
from tileloom.compiler.view import Indices, with_order

NAMES = ("Resize", "Upsample")

POLICIES = ("stretch", "not_larger", "not_smaller")


def _scales(node: Node) -> tuple[float, ...] | None:
    """The scales that the node gives, perhaps for some axes only."""
    place = 1 if node.op == "Upsample" or node.opset < 11 else 2
    constant = node.constant(place)
    if constant is not None and constant.values.size:
        return tuple(float(value) for value in constant.values.ravel())
    given = node.attribute("scales")
    return None if given is None else tuple(float(value) for value in given)


def _axes(node: Node) -> list[Axis]:
    """What happens along every axis of the input; the node has passed the rules."""
    shape, output = node.shape(0) or (), node.output_shape() or ()
    scales = _scales(node)
    if scales is None:
        ratios = [out / size for size, out in zip(shape, output, strict=True)]
        policy = node.text("keep_aspect_ratio_policy", "stretch")
        chosen = node.integers("axes") or tuple(range(len(shape)))
        if policy != "stretch":
            sizes = node.integers_operand(3, "sizes") or ()
            wanted = [size / shape[axis] for size, axis in zip(sizes, chosen, strict=True)]
            for axis in chosen:
                ratios[axis] = min(wanted) if policy == "not_larger" else max(wanted)
    else:
        ratios = [1.0] * len(shape)
        for axis, scale in zip(node.integers("axes") or range(len(shape)), scales, strict=True):
            ratios[axis] = scale
    old = node.op == "Upsample" or node.opset < 11
    coordinates = "asymmetric" if old else node.text("coordinate_transformation_mode", "half_pixel")
    rounding = "floor" if old else node.text("nearest_mode", "round_prefer_floor")
    cubic, outside = node.real("cubic_coeff_a", -0.75), bool(node.integer("exclude_outside", 0))
    return [
        Axis(size, out, ratio, coordinates, rounding, cubic, outside)
        for size, out, ratio in zip(shape, output, ratios, strict=True)
    ]


def _unknown(node: Node) -> str | None:
    found = node.text("mode", "nearest")
    if found not in ("nearest", "linear", "cubic"):
        return f"mode {found!r}"
    coordinates = node.text("coordinate_transformation_mode", "half_pixel")
    if coordinates not in COORDINATES:
        return f"coordinate_transformation_mode {coordinates!r}"
    if node.text("nearest_mode", NEAREST[0]) not in NEAREST:
        return f"nearest_mode {node.text('nearest_mode', '')!r}"
    policy = node.text("keep_aspect_ratio_policy", POLICIES[0])
    return None if policy in POLICIES else f"keep_aspect_ratio_policy {policy!r}"


def _malformed(node: Node) -> str | None:
    rank = len(node.shape(0) or ())
    chosen = node.integers("axes") or tuple(range(rank))
    if any(not -rank <= axis < rank for axis in chosen):
        return f"axes {list(chosen)} of {rank}"
    scales, sizes = _scales(node), node.integers_operand(3, "sizes") or ()
    if scales is not None and (len(scales) != len(chosen) or not all(0 < scale < 1 << 24 for scale in scales)):
        return f"scales {list(scales)}"
    if scales is None and (len(sizes) != len(chosen) or min(sizes, default=1) < 1):
        return f"sizes {list(sizes)}"
    return None


def _smoothed(node: Node) -> str | None:
    if not node.integer("antialias", 0) or _malformed(node) is not None or node.text("mode", "nearest") == "nearest":
        return None
    smaller = [axis for axis in _axes(node) if axis.scale < 1]
    return f"antialias=1 from {smaller[0].size} to {smaller[0].output} elements" if smaller else None


RULES = (
    constant_operand(1, "the second operand"),
    constant_operand(2, "the scales"),
    constant_operand(3, "the sizes"),
    Rule("TL202", f"mode must be nearest, linear or cubic, coordinates {', '.join(COORDINATES)}", "use one", _unknown),
    Rule("TL211", "there must be one positive scale or size per axis", "correct them", _malformed),
    Rule("TL202", "what becomes smaller must not be smoothed before", "use an AveragePool instead", _smoothed),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Take elements, or emit convolutions."""
    axes, mode = _axes(node), node.text("mode", "nearest")
    changed = [index for index, axis in enumerate(axes) if axis.size != axis.output or axis.scale != 1.0]
    chosen = [(index, elements) for index in changed if (elements := _selection(axes[index], mode)) is not None]

    def take(table: Indices) -> Indices:
        for index, elements in chosen:
            table = np.asarray(np.take(table, elements, axis=index))
        return table

    if lowering.alias_on_host(node) or len(chosen) == len(changed):
        lower_movement(node, lowering, take)
    elif not _lower_phases(node, lowering, axes, changed, mode == "cubic"):
        _lower_matrices(node, lowering, axes, changed, mode == "cubic")


def _selection(axis: Axis, mode: str) -> Indices | None:
    return axis.nearest() if mode == "nearest" else axis.selection(mode == "cubic")


def _lower_phases(node: Node, lowering: Lowering, axes: Sequence[Axis], changed: list[int], cubic: bool) -> bool:
    """Emit a convolution for each phase of rows and columns; whether that can be done."""
    if len(axes) not in (3, 4) or axes[0].size != 1 or min(changed) < 2:
        return False
    still = Axis(1, 1, 1.0)
    rows, columns = (axis.phases(cubic) for axis in ((still, axes[2]) if len(axes) == 3 else axes[2:]))
    if rows is None or columns is None:
        return False
    view = lowering.view(node, 0)
    pads = [(0, 0)] * 2 + [part[2] for part in (rows, columns)][4 - len(axes) :]
    wide = view.reordered(np.pad(view.positions(), pads, mode="edge"))
    channels, height, width = planes_of(wide.shape)
    if len(axes) == 3 and rows[2] != (0, 0):
        return False
    map_ = lowering.arranged(node, wide, (channels, height, width), f"{node.inputs[0]}/with borders")
    weights = np.broadcast_to(np.outer(rows[1], columns[1]), (channels, 1, len(rows[1]), len(columns[1])))
    zeros = np.zeros(channels)
    kernel = Convolution(node.source, map_.name, node.outputs[0], weights, zeros, Window((1, 1)), channels)
    lower_phases(node, lowering, kernel, rows[0], columns[0])
    return True


def _lower_matrices(node: Node, lowering: Lowering, axes: Sequence[Axis], changed: list[int], cubic: bool) -> None:
    """Emit a 1x1 convolution for each axis, which is first made that of channels."""
    view = lowering.view(node, 0)
    for number, axis in enumerate(changed):
        last = number == len(changed) - 1
        matrix = axes[axis].matrix(cubic)
        moved = view.reordered(np.moveaxis(view.positions(), axis, 0))
        read = lowering.arranged(node, moved, _planes(moved.shape), f"{node.inputs[0]}/axis {axis} first")
        name = lowering.fresh(node.outputs[0] if last else f"{node.outputs[0]}/axis {axis}")
        planes = (len(matrix), read.height, read.width)
        value = node.outputs[0] if last else _between(node, lowering, axes, changed[: number + 1], cubic)
        lowering.maps[name] = Map(name, value, *planes, planes)
        weights = matrix.reshape(*matrix.shape, 1, 1)
        lowering.emit(Convolution(node.source, read.name, name, weights, np.zeros(len(matrix)), Window((1, 1)), 1))
        shape = (len(matrix), *moved.shape[1:])
        table = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
        view = with_order(name, np.moveaxis(table, 0, axis))
    lowering.views[node.outputs[0]] = view


def _between(node: Node, lowering: Lowering, axes: Sequence[Axis], done: list[int], cubic: bool) -> str:
    """A value with the numbers after the axes ``done``; linear ones lie within the range of the input."""
    if not cubic:
        return node.inputs[0]
    value = f"{node.outputs[0]}/after axis {done[-1]}"
    sizes = [axis.output if index in done else axis.size for index, axis in enumerate(axes)]
    lowering.part_constants[f"{value}/sizes"] = np.asarray(sizes, dtype=np.int64)
    part = helper.make_node(
        "Resize",
        [node.inputs[0], "", "", f"{value}/sizes"],
        [value],
        mode="cubic",
        coordinate_transformation_mode=axes[done[0]].coordinates,
        cubic_coeff_a=axes[done[0]].cubic,
        exclude_outside=int(axes[done[0]].exclude_outside),
    )
    lowering.part_nodes.append(part)
    return value


def _planes(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """The first axis as channels, all others as rows and columns."""
    rest = shape[1:]
    return shape[0], int(np.prod(rest[:-1])), rest[-1]


_TWO = np.asarray([1, 1, 2, 2], dtype=np.float32)


def _resized(
    name: str, shape: tuple[int, ...], sizes: tuple[int, ...], opset: int = 19, **attributes: object
) -> Example:
    """A convolution, its result resized."""
    nodes = (step("Conv", "x w", "c"), step("Resize", "c - - s", "y", **attributes))
    return Example(name, nodes, shape, {"w": numbers(3, shape[1], 1, 1), "s": integers(*sizes)}, opset)


EXAMPLES = (
    Example(
        "nearest, doubled, between convolutions",
        (
            step("Conv", "x w", "c"),
            step("Resize", "c - k", "r", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
            step("Conv", "r v", "y", pads=[1, 1, 1, 1]),
        ),
        (1, 3, 4, 3),
        {"w": numbers(4, 3, 1, 1), "k": _TWO, "v": numbers(2, 4, 3, 3)},
    ),
    _resized("nearest, other sizes", (1, 2, 5, 6), (1, 3, 8, 4)),
    _resized("nearest, prefer ceil", (1, 2, 5, 6), (1, 3, 7, 9), nearest_mode="round_prefer_ceil"),
    _resized(
        "nearest, corners",
        (1, 2, 4, 6),
        (1, 3, 7, 3),
        nearest_mode="ceil",
        coordinate_transformation_mode="align_corners",
    ),
    _resized("linear, doubled", (1, 2, 4, 3), (1, 3, 8, 6), mode="linear"),
    _resized("linear, one pixel to all", (1, 2, 1, 1), (1, 3, 4, 5), mode="linear"),
    _resized("linear, half", (1, 2, 8, 6), (1, 3, 4, 3), mode="linear"),
    _resized("linear, by three halves", (1, 2, 4, 6), (1, 3, 6, 9), mode="linear"),
    _resized(
        "linear, corners",
        (1, 2, 4, 5),
        (1, 3, 9, 7),
        mode="linear",
        coordinate_transformation_mode="align_corners",
    ),
    _resized(
        "linear, asymmetric, three times",
        (1, 2, 4, 3),
        (1, 3, 12, 9),
        mode="linear",
        coordinate_transformation_mode="asymmetric",
    ),
    _resized("cubic, doubled", (1, 2, 5, 6), (1, 3, 10, 12), mode="cubic"),
    _resized("cubic, without what lies outside", (1, 2, 5, 6), (1, 3, 7, 12), mode="cubic", exclude_outside=1),
    Example(
        "linear, one dimension",
        (step("Resize", "x - - s", "y", mode="linear", coordinate_transformation_mode="pytorch_half_pixel"),),
        (1, 2, 6),
        {"s": integers(1, 2, 12)},
    ),
    Example("opset 10", (step("Resize", "x k", "y"),), (1, 2, 3, 4), {"k": _TWO}, opset=10),
    Example(
        "some axes, aspect kept",
        (step("Resize", "x - - s", "y", axes=[2, 3], keep_aspect_ratio_policy="not_larger", mode="linear"),),
        (1, 2, 3, 4),
        {"s": integers(6, 12)},
        opset=19,
    ),
    Example("Upsample", (step("Upsample", "x k", "y"),), (1, 2, 3, 4), {"k": _TWO}, opset=9),
    Example("Upsample, linear", (step("Upsample", "x k", "y", mode="linear"),), (1, 2, 3, 4), {"k": _TWO}, opset=9),
    Example("Upsample, attribute", (step("Upsample", "x", "y", scales=[1.0, 1.0, 2.0, 3.0]),), (1, 2, 3, 4), opset=7),
)
