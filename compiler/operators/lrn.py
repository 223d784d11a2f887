"""LRN becomes squares, their sums over neighbouring channels (a convolution), a table, and a product."""

import numpy as np

from tileloom.compiler.expansion import expand, part
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import Rule, first_axis_is_one, rank_of_input

NAMES = ("LRN",)


def _size(node: Node) -> str | None:
    size = node.integer("size", 0)
    return None if size >= 1 else f"size {size}"


def _range(node: Node) -> str | None:
    bias, alpha = node.real("bias", 1.0), node.real("alpha", 1e-4)
    return None if bias > 0 and alpha >= 0 else f"bias {bias:g} and alpha {alpha:g}"


RULES = (
    rank_of_input((3, 4), "use a map of one or two dimensions"),
    first_axis_is_one(),
    Rule("TL211", "size must be 1 or more", "correct size", _size),
    Rule("TL211", "bias must be above 0 and alpha not below", "correct them", _range),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit its steps."""
    shape = node.shape(0) or ()
    channels, size = shape[1], node.integer("size", 1)
    numbers_of = np.arange(channels)
    distance = numbers_of[None, :] - numbers_of[:, None]
    near = (distance >= -((size - 1) // 2)) & (distance <= size // 2)
    weights = np.where(near, node.real("alpha", 1e-4) / size, 0.0).astype(np.float32)
    steps = [
        part("Mul", f"{node.inputs[0]} {node.inputs[0]}", ".squares"),
        part("Conv", ".squares .band .bias", ".sums"),
        part("Pow", ".sums .exponent", ".factors"),
        part("Mul", f"{node.inputs[0]} .factors", node.outputs[0]),
    ]
    constants = {
        ".band": weights.reshape(channels, channels, *(1,) * (len(shape) - 2)),
        ".bias": np.full(channels, node.real("bias", 1.0), dtype=np.float32),
        ".exponent": np.asarray(-node.real("beta", 0.75), dtype=np.float32),
    }
    expand(node, lowering, steps, constants)


EXAMPLES = (
    Example("as in AlexNet", (step("LRN", "x", "y", alpha=0.0001, beta=0.75, bias=1.0, size=5),), (1, 8, 4, 5)),
    Example(
        "strong, after a convolution",
        (step("Conv", "x w", "c"), step("LRN", "c", "y", alpha=0.5, beta=0.5, bias=2.0, size=3)),
        (1, 2, 6, 5),
        {"w": numbers(6, 2, 3, 3)},
    ),
)
