"""PRelu becomes ``x + max((slope - 1) * x, 0)``, one layer with an add; with one slope a table of two exact lines.

Slopes above 1 take a minimum instead; where a node has both, or slopes that are computed, two layers more.
"""

import numpy as np

from tileloom.compiler.expansion import expand, part
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import Rule
from tileloom.compiler.table_function import TableFunction
from tileloom.compiler.unary import lower_function

NAMES = ("PRelu",)


def _slopes(node: Node) -> tuple[int, ...] | None:
    """The slope's shape beside the input's; old exporters give one slope a channel without the axes behind."""
    data, slope = node.shape(0), node.shape(1)
    if data is None or slope is None:
        return None
    try:
        if np.broadcast_shapes(data, slope) == data:
            return slope
    except ValueError:
        pass
    return (slope[0], *(1,) * (len(data) - 2)) if len(data) > 1 and slope == data[1:2] else None


def _fits(node: Node) -> str | None:
    data, slope = node.shape(0), node.shape(1)
    return None if data is None or slope is None or _slopes(node) is not None else f"{list(slope)} for {list(data)}"


RULES = (Rule("TL207", "the slopes must broadcast to the input", "give one number per channel", _fits),)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit a function, or its steps."""
    x, output, slope = node.inputs[0], node.outputs[0], node.constant(1)
    zero = {".zero": np.asarray(0.0, dtype=np.float32)}
    if slope is None:
        steps = [
            part("Relu", x, ".positive"),
            part("Min", f"{x} .zero", ".negative"),
            part("Mul", f".negative {node.inputs[1]}", ".scaled"),
            part("Add", ".positive .scaled", output),
        ]
        expand(node, lowering, steps, zero)
        return
    values = np.asarray(slope.values, dtype=np.float32).reshape(_slopes(node) or ())
    if np.all(values == values.flat[0]):
        lower_function(node, lowering, TableFunction("LeakyRelu", (float(values.flat[0]),)))
        return
    constants = {".excess": values - 1, **zero}
    if np.all(values <= 1) or np.all(values >= 1):
        limit = part("Relu", ".slanted", ".bent") if np.all(values <= 1) else part("Min", ".slanted .zero", ".bent")
        steps = [part("Mul", f"{x} .excess", ".slanted"), limit]
    else:
        steps = [part("Min", f"{x} .zero", ".negative"), part("Mul", ".negative .excess", ".bent")]
    expand(node, lowering, [*steps, part("Add", f"{x} .bent", output)], constants)


EXAMPLES = (
    Example(
        "a slope for each channel",
        (step("Conv", "x w", "c"), step("PRelu", "c s", "y")),
        (1, 3, 6, 6),
        {"w": numbers(4, 3, 3, 3), "s": np.abs(numbers(4, 1, 1, scale=0.2))},
    ),
    Example("one slope", (step("PRelu", "x s", "y"),), (1, 3, 4, 4), {"s": np.asarray([0.25], dtype=np.float32)}),
    Example("slopes above 1", (step("PRelu", "x s", "y"),), (1, 3, 4, 4), {"s": 1 + np.abs(numbers(3, 1, 1))}),
    Example("slopes of all kinds", (step("PRelu", "x s", "y"),), (1, 3, 4, 4), {"s": numbers(3, 1, 1, scale=2.0)}),
    Example("a slope for each element", (step("PRelu", "x s", "y"),), (1, 3, 4, 4), {"s": numbers(3, 4, 4)}),
    Example("computed slopes", (step("Sigmoid", "x", "s"), step("PRelu", "x s", "y")), (1, 3, 4, 4)),
)
