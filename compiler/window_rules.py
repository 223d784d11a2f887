"""Sliding windows as ONNX writes them: attributes of Conv and the pools, their rules, and the :class:`Window`."""

from dataclasses import dataclass

from tileloom.compiler.graph import Window
from tileloom.compiler.node import Node
from tileloom.compiler.rule import Rule

AUTO_PADS = ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")


@dataclass(frozen=True)
class Axis:
    """One axis of a window over an input of ``size``."""

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def span(self) -> int:
        """Elements from the first to the last tap."""
        return self.dilation * (self.kernel - 1) + 1


def kernel_of(node: Node) -> tuple[int, ...]:
    """Kernel sizes per axis: the attribute, or the weights' own shape; empty where both are missing."""
    given = node.integers("kernel_shape")
    if given is not None:
        return given
    weights = node.shape(1)
    return () if weights is None else weights[2:]


def axes_of(node: Node) -> list[Axis]:
    """The spatial axes of a window, auto_pad resolved; the attributes have passed :data:`WINDOW_RULES`."""
    sizes = (node.shape(0) or ())[2:]
    count = len(sizes)
    kernel = kernel_of(node)
    strides = node.integers("strides") or (1,) * count
    dilations = node.integers("dilations") or (1,) * count
    pads = node.integers("pads") or (0,) * (2 * count)
    auto = node.text("auto_pad", "NOTSET")
    axes = []
    for i, size in enumerate(sizes):
        before, after = (pads[i], pads[i + count]) if auto == "NOTSET" else (0, 0)
        if auto.startswith("SAME"):
            span = dilations[i] * (kernel[i] - 1) + 1
            total = max((-(-size // strides[i]) - 1) * strides[i] + span - size, 0)
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
            after = total - before
        axes.append(Axis(size, kernel[i], strides[i], dilations[i], before, after))
    return axes


def with_ceil_mode(axis: Axis) -> Axis:
    """The axis with the padding after it that ceil_mode=1 asks for: a last window that starts inside is kept."""
    extra = axis.size + axis.before + axis.after - axis.span
    count = -(-extra // axis.stride) + 1
    if (count - 1) * axis.stride >= axis.size + axis.before:
        count -= 1
    after = (count - 1) * axis.stride + axis.span - axis.size - axis.before
    return Axis(axis.size, axis.kernel, axis.stride, axis.dilation, axis.before, max(after, axis.after))


def window_of(axes: list[Axis]) -> Window:
    """The two-dimensional window; one axis becomes the horizontal one."""
    y = axes[0] if len(axes) == 2 else Axis(1, 1, 1, 1, 0, 0)
    x = axes[-1]
    return Window(
        (y.kernel, x.kernel), (y.stride, x.stride), (y.dilation, x.dilation), (y.before, x.before, y.after, x.after)
    )


def _malformed(node: Node) -> str | None:
    """What is wrong with the attributes alone."""
    count = len(node.shape(0) or ()) - 2
    kernel = kernel_of(node)
    if len(kernel) != count:
        return f"kernel_shape {list(kernel)} on {count} axes"
    for name, length, low in (("kernel_shape", count, 1), ("strides", count, 1), ("dilations", count, 1)):
        values = node.integers(name)
        if values is not None and (len(values) != length or min(values) < low):
            return f"{name} {list(values)}"
    pads = node.integers("pads")
    if pads is not None and (len(pads) != 2 * count or min(pads) < 0):
        return f"pads {list(pads)}"
    if max((*kernel, *(node.integers("strides") or ()), *(node.integers("dilations") or ()), *(pads or ()))) > 1 << 24:
        return "a size above 16,777,216"
    auto = node.text("auto_pad", "NOTSET")
    return None if auto in AUTO_PADS else f"auto_pad {auto!r}"


def _too_large(node: Node) -> str | None:
    """An axis on which no window fits."""
    if _malformed(node) is not None:
        return None
    for axis in axes_of(node):
        padded = axis.size + axis.before + axis.after
        if axis.span > padded:
            return f"{axis.span} on {padded} elements"
    return None


WINDOW_RULES = (
    Rule(
        "TL211",
        "kernel, strides and dilations must be 1 or more and pads 0 or more, one (pads two) per axis",
        "correct the attribute",
        _malformed,
    ),
    Rule(
        "TL204",
        "the kernel must not be larger than the padded input",
        "enlarge the input or its padding, or make the kernel or its dilation smaller",
        _too_large,
    ),
)
