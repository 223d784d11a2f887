"""AveragePool becomes AveragePool2d; padding, where there is any, counts as zero (count_include_pad=1)."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.real_graph import AveragePool
from tileloom.compiler.rule import Rule, attribute_is, first_axis_is_one, rank_of_input
from tileloom.compiler.window_rules import WINDOW_RULES, axes_of, window_of, with_ceil_mode

NAMES = ("AveragePool",)


def _excluded(node: Node) -> str | None:
    kernel, strides = node.integers("kernel_shape"), node.integers("strides")
    if kernel is None or len(kernel) != len(node.shape(0) or ()) - 2 or min((*kernel, *(strides or (1,)))) < 1:
        return None
    if len(node.integers("pads") or (0,) * 2 * len(kernel)) != 2 * len(kernel):
        return None
    axes = axes_of(node)
    if node.integer("count_include_pad", 0) == 0 and any(axis.before or axis.after for axis in axes):
        pads = [axis.before for axis in axes] + [axis.after for axis in axes]
        return f"count_include_pad=0 with pads {pads}"
    if node.integer("ceil_mode", 0) and any(_overhangs(node)):
        return "ceil_mode=1 with windows that overhang the map"
    return None


def _overhangs(node: Node) -> list[bool]:
    return [with_ceil_mode(axis).after > axis.after for axis in axes_of(node)]


RULES = (
    rank_of_input((3, 4), "use AvgPool1d or AvgPool2d"),
    first_axis_is_one(),
    attribute_is("ceil_mode", (0, 1), 0, "set ceil_mode to 0 or 1"),
    Rule(
        "TL208",
        "windows must divide by the full kernel size",
        "use count_include_pad=True or no padding, and ceil_mode=False",
        _excluded,
    ),
    *WINDOW_RULES,
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit one pool."""
    map_ = lowering.as_planes(node, 0)
    window = window_of(axes_of(node))
    height, width = window.output_size(map_.height, map_.width)
    output = lowering.add_map(node, map_.channels, height, width)
    lowering.emit(AveragePool(node.source, map_.name, output, window))


EXAMPLES = (
    Example("2x2", (step("AveragePool", "x", "y", kernel_shape=[2, 2], strides=[2, 2]),), (1, 3, 8, 6)),
    Example(
        "padding counts",
        (step("AveragePool", "x", "y", kernel_shape=[3, 2], pads=[1, 0, 1, 1], count_include_pad=1),),
        (1, 2, 5, 5),
    ),
    Example("one dimension", (step("AveragePool", "x", "y", kernel_shape=[4], strides=[2]),), (1, 2, 12)),
)
