"""ReduceMean over height and width becomes AveragePool2d whose window is the whole map."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, integers, step
from tileloom.compiler.rule import Rule, constant_operand, first_axis_is_one, rank_of_input
from tileloom.compiler.spatial_mean import lower_mean

NAMES = ("ReduceMean",)


def _axes(node: Node) -> tuple[int, ...]:
    rank = len(node.shape(0) or ())
    return tuple(axis % rank for axis in node.integers_operand(1, "axes") or ())


def _wrong(node: Node) -> str | None:
    if node.has_input(1) and node.constant(1) is None:
        return None
    rank = len(node.shape(0) or ())
    given = node.integers_operand(1, "axes") or ()
    if any(not -rank <= axis < rank for axis in given):
        return f"axes {list(given)} of {rank}"
    axes = _axes(node)
    return None if axes and 0 not in axes and len(set(axes)) == len(axes) else f"axes {list(given)}"


RULES = (
    rank_of_input((3, 4), "reduce over the height and width of a map"),
    first_axis_is_one(),
    constant_operand(1, "axes"),
    Rule("TL202", "axes must be those of height and width", "reduce over H and W together", _wrong),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit one pool."""
    lower_mean(node, lowering, _axes(node))


EXAMPLES = (
    Example("axes as attribute", (step("ReduceMean", "x", "y", axes=[2, 3], keepdims=1),), (1, 6, 5, 3)),
    Example(
        "axes as input, dropped",
        (step("ReduceMean", "x a", "y", keepdims=0),),
        (1, 6, 5, 3),
        {"a": integers(-1, -2)},
        opset=18,
    ),
)
