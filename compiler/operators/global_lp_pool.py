"""GlobalLpPool becomes powers, the sum over the whole map, and the table of the root."""

from tileloom.compiler.expansion import expand
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.powers import exponents, powers, root
from tileloom.compiler.reductions import reduction_over
from tileloom.compiler.rule import Rule, first_axis_is_one

NAMES = ("GlobalLpPool",)


def _order(node: Node) -> str | None:
    order = node.integer("p", 2)
    return None if order >= 1 else f"p {order}"


RULES = (first_axis_is_one(), Rule("TL211", "p must be 1 or more", "correct p", _order))


def lower(node: Node, lowering: Lowering) -> None:
    """Emit its steps."""
    order, rank = node.integer("p", 2), len(node.shape(0) or ())
    total, constants = reduction_over("ReduceSum", node, tuple(range(2, rank)), ".powers", ".sums")
    steps = [*powers(node, order), total, root(node, order)]
    expand(node, lowering, steps, {**constants, **exponents(order)})


EXAMPLES = (
    Example("euclidean", (step("GlobalLpPool", "x", "y"),), (1, 3, 5, 6)),
    Example("of order 3", (step("GlobalLpPool", "x", "y", p=3),), (1, 3, 5, 6)),
)
