"""AveragePool becomes AveragePool2d; where windows at the border leave elements out, one for each kind of window.

In three dimensions it is a pool over rows and columns, then one over depths.
"""

from tileloom.compiler.average_regions import Region, lower_regions, regions
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.real_graph import AveragePool
from tileloom.compiler.rule import Rule, attribute_is, first_axis_is_one, rank_of_input
from tileloom.compiler.volumes import lower_pool
from tileloom.compiler.window_rules import WINDOW_RULES, Axis, axes_of, window_of

NAMES = ("AveragePool",)


def _empty(node: Node) -> str | None:
    kernel, count = node.integers("kernel_shape"), len(node.shape(0) or ()) - 2
    if kernel is None or len(kernel) != count or any(rule.check(node) for rule in WINDOW_RULES):
        return None
    for axis in axes_of(node):
        if any(region.kernel < 1 for region in _regions(node, axis)):
            return f"padding {axis.before} and {axis.after} around {axis.size} elements"
    return None


def _regions(node: Node, axis: Axis) -> list[Region]:
    return regions(axis, bool(node.integer("count_include_pad", 0)), bool(node.integer("ceil_mode", 0)))


RULES = (
    rank_of_input((3, 4, 5), "use AvgPool1d, AvgPool2d or AvgPool3d"),
    first_axis_is_one(),
    attribute_is("ceil_mode", (0, 1), 0, "set ceil_mode to 0 or 1"),
    *WINDOW_RULES,
    Rule("TL208", "every window must have an element that counts", "use less padding", _empty),
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit one pool, or one for each kind of window and an assembly."""
    if len(node.shape(0) or ()) == 5:
        lower_pool(node, lowering)
        return
    axes = axes_of(node)
    found = [_regions(node, axis) for axis in axes]
    if any(len(each) > 1 or each[0].kernel < axis.kernel for each, axis in zip(found, axes, strict=True)):
        include, ceil = bool(node.integer("count_include_pad", 0)), bool(node.integer("ceil_mode", 0))
        lower_regions(node, lowering, axes, include, ceil)
        return
    map_ = lowering.as_planes(node, 0)
    window = window_of(axes)
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
    Example(
        "padding is left out", (step("AveragePool", "x", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),), (1, 3, 5, 6)
    ),
    Example(
        "padding is left out, strides, dilations",
        (step("AveragePool", "x", "y", kernel_shape=[3, 2], pads=[2, 1, 1, 0], strides=[2, 1], dilations=[2, 2]),),
        (1, 2, 9, 7),
        opset=19,
    ),
    Example(
        "windows that overhang",
        (step("AveragePool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),),
        (1, 2, 6, 8),
    ),
    Example(
        "windows that overhang padding that counts",
        (
            step(
                "AveragePool",
                "x",
                "y",
                kernel_shape=[3, 4],
                strides=[2, 3],
                pads=[1, 1, 0, 1],
                ceil_mode=1,
                count_include_pad=1,
            ),
        ),
        (1, 2, 7, 8),
        opset=19,
    ),
    Example("same size", (step("AveragePool", "x", "y", kernel_shape=[2], auto_pad="SAME_UPPER"),), (1, 2, 7)),
    Example(
        "three dimensions",
        (step("AveragePool", "x", "y", kernel_shape=[2, 3, 2], strides=[1, 2, 1], pads=[1, 1, 0, 0, 1, 1]),),
        (1, 2, 3, 6, 4),
    ),
)
