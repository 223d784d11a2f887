"""Movements: what only rearranges, cuts out, repeats or joins elements."""

from typing import Any

import numpy as np

from tests.random_graphs.builder import ELEMENTS, Growing, Value


def flatten(growing: Growing, value: Value) -> Value | None:
    """To a vector."""
    if len(value.shape) < 3:
        return None
    growing.saw("Flatten", f"{len(value.shape)} axes")
    return growing.node("Flatten", [value.name], (1, int(np.prod(value.shape))))


def reshape(growing: Growing, value: Value) -> Value | None:
    """Height and width joined or split."""
    if len(value.shape) == 4:
        shape: tuple[int, ...] = (1, value.channels, value.space[0] * value.space[1])
    elif len(value.shape) == 3:
        shape = (1, value.channels, 1, value.space[0])
    else:
        return None
    growing.saw("Reshape", f"{len(value.shape)} axes")
    return growing.node("Reshape", [value.name, growing.constant(np.asarray(shape, np.int64))], shape)


def squeeze(growing: Growing, value: Value) -> Value | None:
    """An axis of size 1 goes."""
    axes = [axis for axis in range(2, len(value.shape)) if value.shape[axis] == 1]
    if not axes:
        return None
    axis = growing.choice(axes)
    growing.saw("Squeeze")
    shape = tuple(size for index, size in enumerate(value.shape) if index != axis)
    return growing.node("Squeeze", [value.name, growing.constant(np.asarray([axis], np.int64))], shape)


def unsqueeze(growing: Growing, value: Value) -> Value | None:
    """An axis of size 1 comes."""
    if len(value.shape) > 3:
        return None
    axis = growing.integer(2, len(value.shape))
    growing.saw("Unsqueeze")
    shape = (*value.shape[:axis], 1, *value.shape[axis:])
    return growing.node("Unsqueeze", [value.name, growing.constant(np.asarray([axis], np.int64))], shape)


def transpose(growing: Growing, value: Value) -> Value | None:
    """Any order of the axes behind the batch."""
    if len(value.shape) < 3:
        return None
    order = [0, *(1 + int(axis) for axis in growing.random.permutation(len(value.shape) - 1))]
    growing.saw("Transpose", f"{len(value.shape)} axes")
    return growing.node("Transpose", [value.name], tuple(value.shape[axis] for axis in order), perm=order)


def concat(growing: Growing, value: Value) -> Value | None:
    """Two to four maps that differ on one axis at most."""
    axis = growing.integer(1, len(value.shape) - 1)
    rest = [size for index, size in enumerate(value.shape) if index != axis]
    others = [
        other
        for other in growing.values
        if len(other.shape) == len(value.shape) and [s for i, s in enumerate(other.shape) if i != axis] == rest
    ]
    chosen = [value, *(growing.choice(others) for _ in range(growing.integer(1, 3)))]
    shape = list(value.shape)
    shape[axis] = sum(each.shape[axis] for each in chosen)
    if np.prod(shape) > ELEMENTS:
        return None
    growing.saw("Concat", f"axis {axis}", f"{len(chosen)} maps")
    return growing.node("Concat", [each.name for each in chosen], tuple(shape), axis=axis)


def split(growing: Growing, value: Value) -> Value | None:
    """Two parts, of which both may be used."""
    axis = growing.integer(1, len(value.shape) - 1)
    if value.shape[axis] < 2:
        return None
    first = growing.integer(1, value.shape[axis] - 1)
    sizes = (first, value.shape[axis] - first)
    shapes = [tuple(size if i == axis else s for i, s in enumerate(value.shape)) for size in sizes]
    growing.saw("Split", f"axis {axis}")
    parts = growing.constant(np.asarray(sizes, np.int64))
    return growing.node_of_many("Split", [value.name, parts], shapes, axis=axis)


def cut(growing: Growing, value: Value) -> Value | None:
    """A slice with a step, backwards too."""
    axis = growing.integer(1, len(value.shape) - 1)
    size = value.shape[axis]
    start = growing.integer(0, size - 1)
    end = growing.integer(start + 1, size)
    step = growing.integer(1, 3)
    backwards = growing.chance()
    bounds = (end - 1, start - 1 - size if start == 0 else start - 1, -step) if backwards else (start, end, step)
    shape = tuple(-(-(end - start) // step) if i == axis else s for i, s in enumerate(value.shape))
    growing.saw("Slice", f"axis {axis}", "backwards" if backwards else "", "step" if step > 1 else "")
    starts, ends, steps = (growing.constant(np.asarray([number], np.int64)) for number in bounds)
    axes = growing.constant(np.asarray([axis], np.int64))
    return growing.node("Slice", [value.name, starts, ends, axes, steps], shape)


def gather(growing: Growing, value: Value) -> Value | None:
    """Any indices of an axis, some of them twice."""
    axis = growing.integer(1, len(value.shape) - 1)
    size = value.shape[axis]
    indices = growing.random.integers(-size, size, growing.integer(1, size))
    shape = tuple(len(indices) if i == axis else s for i, s in enumerate(value.shape))
    growing.saw("Gather", f"axis {axis}")
    return growing.node("Gather", [value.name, growing.constant(indices.astype(np.int64))], shape, axis=axis)


def pad(growing: Growing, value: Value) -> Value | None:
    """A border of zeros, of a number, of mirrored or of repeated elements."""
    if len(value.shape) != 4 or min(value.space) < 3:
        return None
    mode = growing.choice(["constant", "reflect", "edge"])
    sides = [0, 0, *(growing.integer(0, 2) for _ in range(2)), 0, 0, *(growing.integer(0, 2) for _ in range(2))]
    shape = tuple(size + sides[i] + sides[i + 4] for i, size in enumerate(value.shape))
    inputs = [value.name, growing.constant(np.asarray(sides, np.int64))]
    if mode == "constant" and growing.chance():
        inputs.append(growing.constant(np.asarray(growing.random.uniform(-1, 1), np.float32)))
    growing.saw("Pad", mode)
    return growing.node("Pad", inputs, shape, mode=mode)


def resize(growing: Growing, value: Value) -> Value | None:
    """Enlarged by whole factors, nearest or linear."""
    if len(value.shape) != 4:
        return None
    factors = [1.0, 1.0, *(float(growing.integer(1, 3)) for _ in range(2))]
    shape = tuple(int(size * factor) for size, factor in zip(value.shape, factors, strict=True))
    if np.prod(shape) > ELEMENTS:
        return None
    mode = growing.choice(["nearest", "linear"])
    growing.saw("Resize", mode)
    scales = growing.constant(np.asarray(factors, np.float32))
    more = {"nearest_mode": "floor"} if mode == "nearest" else {}
    return growing.node(
        "Resize", [value.name, "", scales], shape, mode=mode, coordinate_transformation_mode="asymmetric", **more
    )


def depth_to_space(growing: Growing, value: Value) -> Value | None:
    """Channels become pixels, in both orders."""
    if len(value.shape) != 4 or value.channels % 4 or np.prod(value.shape) > ELEMENTS:
        return None
    mode = growing.choice(["DCR", "CRD"])
    growing.saw("DepthToSpace", mode)
    shape = (1, value.channels // 4, value.space[0] * 2, value.space[1] * 2)
    return growing.node("DepthToSpace", [value.name], shape, blocksize=2, mode=mode)


def space_to_depth(growing: Growing, value: Value) -> Value | None:
    """Pixels become channels."""
    if len(value.shape) != 4 or any(size % 2 for size in value.space):
        return None
    growing.saw("SpaceToDepth")
    shape = (1, value.channels * 4, value.space[0] // 2, value.space[1] // 2)
    return growing.node("SpaceToDepth", [value.name], shape, blocksize=2)


def expand(growing: Growing, value: Value) -> Value | None:
    """A map of one pixel spread."""
    if len(value.shape) != 4:
        return None
    pixel = value
    if value.space != (1, 1):
        pixel = growing.node("GlobalAveragePool", [value.name], (1, value.channels, 1, 1))
    shape = (1, value.channels, growing.integer(1, 5), growing.integer(1, 5))
    growing.saw("Expand")
    return growing.node("Expand", [pixel.name, growing.constant(np.asarray(shape, np.int64))], shape)


def same(op: str) -> Any:
    """A drawing function of an operator that does nothing."""

    def draw(growing: Growing, value: Value) -> Value | None:
        growing.saw(op)
        return growing.node(op, [value.name], value.shape)

    return draw
