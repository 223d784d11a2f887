"""LpPool becomes powers, AveragePool2d with a factor, and the table of the root; padding counts as zero."""

import numpy as np

from tileloom.compiler.expansion import expand, part
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.powers import exponents, powers, root
from tileloom.compiler.rule import Rule, attribute_is, first_axis_is_one, rank_of_input
from tileloom.compiler.window_rules import WINDOW_RULES, axes_of, with_ceil_mode

NAMES = ("LpPool",)


def _order(node: Node) -> str | None:
    order = node.integer("p", 2)
    return None if order >= 1 else f"p {order}"


RULES = (
    rank_of_input((3, 4), "use a map of one or two dimensions"),
    first_axis_is_one(),
    Rule("TL211", "p must be 1 or more", "correct p", _order),
    attribute_is("ceil_mode", (0, 1), 0, "set ceil_mode to 0 or 1"),
    *WINDOW_RULES,
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit its steps."""
    order, axes = node.integer("p", 2), axes_of(node)
    if node.integer("ceil_mode", 0):
        axes = [with_ceil_mode(axis) for axis in axes]
    area = int(np.prod([axis.kernel for axis in axes]))
    pool = part(
        "AveragePool",
        ".powers",
        ".means",
        kernel_shape=[axis.kernel for axis in axes],
        strides=[axis.stride for axis in axes],
        pads=[axis.before for axis in axes] + [axis.after for axis in axes],
        count_include_pad=1,
        **({"dilations": [axis.dilation for axis in axes]} if any(axis.dilation > 1 for axis in axes) else {}),
    )
    steps = [*powers(node, order), pool, part("Mul", ".means .area", ".sums"), root(node, order)]
    expand(node, lowering, steps, {".area": np.asarray(area, dtype=np.float32), **exponents(order)})


EXAMPLES = (
    Example("euclidean", (step("LpPool", "x", "y", kernel_shape=[3, 2], strides=[2, 1]),), (1, 3, 9, 8)),
    Example("absolute, padded", (step("LpPool", "x", "y", kernel_shape=[2, 2], pads=[1, 0, 0, 1], p=1),), (1, 3, 6, 5)),
    Example("one dimension", (step("LpPool", "x", "y", kernel_shape=[4], strides=[2], p=2),), (1, 2, 16)),
)
