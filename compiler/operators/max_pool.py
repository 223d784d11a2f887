"""MaxPool becomes MaxPool2d; a Relu or Clip after it becomes its limits. Its second output must not be read.

In three dimensions it is a pool over rows and columns, then one over depths.
"""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, step
from tileloom.compiler.real_graph import MaximumPool
from tileloom.compiler.rule import Rule, attribute_is, first_axis_is_one, rank_of_input
from tileloom.compiler.volumes import lower_pool
from tileloom.compiler.window_rules import WINDOW_RULES, axes_of, window_of, with_ceil_mode

NAMES = ("MaxPool",)


def _pads(node: Node) -> str | None:
    pads, kernel = node.integers("pads"), node.integers("kernel_shape")
    if pads is None or kernel is None or len(pads) != 2 * len(kernel):
        return None
    wide = any(pad >= size for pad, size in zip(pads, kernel * 2, strict=True))
    return f"pads {list(pads)} for a kernel of {list(kernel)}" if wide else None


RULES = (
    rank_of_input((3, 4, 5), "use MaxPool1d, MaxPool2d or MaxPool3d"),
    first_axis_is_one(),
    attribute_is("ceil_mode", (0, 1), 0, "set ceil_mode to 0 or 1"),
    Rule("TL211", "pads must be smaller than the kernel", "make the padding smaller", _pads),
    *WINDOW_RULES,
)


def lower(node: Node, lowering: Lowering) -> None:
    """Emit one pool, or two."""
    if len(node.shape(0) or ()) == 5:
        lower_pool(node, lowering)
        return
    map_ = lowering.as_planes(node, 0)
    axes = axes_of(node)
    if node.integer("ceil_mode", 0):
        axes = [with_ceil_mode(axis) for axis in axes]
    window = window_of(axes)
    height, width = window.output_size(map_.height, map_.width)
    output = lowering.add_map(node, map_.channels, height, width)
    lowering.emit(MaximumPool(node.source, map_.name, output, window))


EXAMPLES = (
    Example("2x2", (step("MaxPool", "x", "y", kernel_shape=[2, 2], strides=[2, 2]),), (1, 3, 8, 7)),
    Example(
        "padded 3x3 stride 2",
        (step("MaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),),
        (1, 3, 8, 7),
    ),
    Example(
        "ceil mode, dilated",
        (step("MaxPool", "x", "y", kernel_shape=[2, 3], strides=[2, 2], dilations=[2, 1], ceil_mode=1),),
        (1, 2, 8, 8),
    ),
    Example("one dimension", (step("MaxPool", "x", "y", kernel_shape=[3], strides=[3]),), (1, 2, 11)),
    Example(
        "three dimensions",
        (step("MaxPool", "x", "y", kernel_shape=[2, 3, 2], strides=[2, 2, 1], pads=[1, 1, 0, 0, 1, 1], ceil_mode=1),),
        (1, 2, 4, 6, 5),
    ),
)
