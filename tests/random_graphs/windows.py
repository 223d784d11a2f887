"""Random windows: kernel, stride, dilation and pads that fit a map."""

from dataclasses import dataclass

from tests.random_graphs.builder import Growing


@dataclass(frozen=True)
class DrawnWindow:
    """Per axis; ``features`` names what is special about it."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    output: tuple[int, ...]
    features: tuple[str, ...]

    def attributes(self) -> dict[str, list[int]]:
        """As ONNX attributes."""
        return {
            "kernel_shape": list(self.kernel),
            "strides": list(self.strides),
            "dilations": list(self.dilations),
            "pads": list(self.pads),
        }


def window(growing: Growing, space: tuple[int, ...], *, pads: bool = True, dilations: bool = True) -> DrawnWindow:
    """A window on a map of one or two axes, with at least one output on each."""
    axes = [_axis(growing, size, pads=pads, dilations=dilations) for size in space]
    kernel, strides, dilation, before, after, output = (tuple(axis[i] for axis in axes) for i in range(6))
    features = [f"{len(space)}-D"]
    features += ["stride"] if max(strides) > 1 else []
    features += ["dilation"] if any(d > 1 and k > 1 for d, k in zip(dilation, kernel, strict=True)) else []
    features += ["pad"] if any(before + after) else []
    features += ["uneven pad"] if before != after else []
    features += ["odd size"] if any(size % 2 for size in space) else []
    features += ["oblong"] if len(set(kernel)) > 1 else []
    return DrawnWindow(kernel, strides, dilation, before + after, output, tuple(features))


def _axis(growing: Growing, size: int, *, pads: bool, dilations: bool) -> tuple[int, ...]:
    kernel = growing.integer(1, min(5, size))
    most = (size - 1) // (kernel - 1) if kernel > 1 else 1
    dilation = growing.integer(1, min(3, most)) if dilations and growing.chance() else 1
    span = (kernel - 1) * dilation + 1
    stride = growing.integer(1, 3)
    before = growing.integer(0, min(2, kernel - 1)) if pads else 0
    after = growing.integer(0, min(2, kernel - 1)) if pads and growing.chance() else before
    return kernel, stride, dilation, before, after, (size + before + after - span) // stride + 1
