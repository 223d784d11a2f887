"""Element by element: functions of one map, sums and products of two or with constants."""

from typing import Any

import numpy as np

from tests.random_graphs.builder import Growing, Value


def function(op: str, **ranges: tuple[float, float]) -> Any:
    """A drawing function of a unary operator, its attributes drawn from ranges."""

    def draw(growing: Growing, value: Value) -> Value | None:
        attributes = {name: float(growing.random.uniform(*limits)) for name, limits in ranges.items()}
        growing.saw(op, f"{len(value.shape)} axes", "odd size" if any(size % 2 for size in value.space) else "")
        return growing.node(op, [value.name], value.shape, **attributes)

    return draw


def clip(growing: Growing, value: Value) -> Value | None:
    """Limits on one side or both."""
    low, high = np.float32(growing.random.uniform(-2, 0)), np.float32(growing.random.uniform(0.1, 2))
    kind = growing.choice(["both", "below", "above"])
    names = ["" if kind == "above" else growing.constant(np.asarray(low))]
    if kind != "below":
        names.append(growing.constant(np.asarray(high)))
    growing.saw("Clip", kind)
    return growing.node("Clip", [value.name, *names], value.shape)


def square_root(growing: Growing, value: Value) -> Value | None:
    """Of numbers that are not negative."""
    growing.saw("Sqrt")
    positive = growing.node("Relu", [value.name], value.shape)
    return growing.node("Sqrt", [positive.name], value.shape)


def exponential(growing: Growing, value: Value) -> Value | None:
    """Of numbers that are not large."""
    growing.saw("Exp")
    limits = [growing.constant(np.asarray(limit, np.float32)) for limit in (-4.0, 2.0)]
    limited = growing.node("Clip", [value.name, *limits], value.shape)
    return growing.node("Exp", [limited.name], value.shape)


def power(growing: Growing, value: Value) -> Value | None:
    """The square."""
    growing.saw("Pow")
    return growing.node("Pow", [value.name, growing.constant(np.asarray(2.0, np.float32))], value.shape)


def prelu(growing: Growing, value: Value) -> Value | None:
    """A slope for each channel."""
    shape = (value.channels, *(1 for _ in value.space))
    slopes = growing.random.uniform(0.05, 0.9, shape).astype(np.float32)
    growing.saw("PRelu", f"{len(value.shape)} axes")
    return growing.node("PRelu", [value.name, growing.constant(slopes)], value.shape)


def with_constant(op: str) -> Any:
    """A drawing function of an operator with one number, or one a channel."""

    def draw(growing: Growing, value: Value) -> Value | None:
        each = growing.chance()
        shape = (1, value.channels, *(1 for _ in value.space)) if each else ()
        sign = growing.random.choice([-1.0, 1.0], shape)
        numbers = np.asarray(sign * growing.random.uniform(0.2, 1.5, shape), np.float32)
        growing.saw(op, "constant a channel" if each else "one constant")
        return growing.node(op, [value.name, growing.constant(numbers)], value.shape)

    return draw


def of_two(op: str) -> Any:
    """A drawing function of an operator on two maps of one size."""

    def draw(growing: Growing, value: Value) -> Value | None:
        others = [other for other in growing.values if other.shape == value.shape]
        other = growing.choice(others)
        growing.saw(op, "with itself" if other is value else "two maps", f"{len(value.shape)} axes")
        return growing.node(op, [other.name, value.name], value.shape)

    return draw
