"""Layers: convolutions, matrices, pools and normalisations, each drawn from a value to a new one."""

from math import prod
from typing import Any

import numpy as np

from tests.random_graphs.builder import ELEMENTS, Growing, Value
from tests.random_graphs.quantised import coded_weights
from tests.random_graphs.windows import window


def conv(growing: Growing, value: Value) -> Value | None:
    """A convolution of any kind, its weights as floats or as codes of few bits."""
    if len(value.shape) not in (3, 4):
        return None
    drawn = window(growing, value.space)
    channels = value.channels
    groups = growing.choice([g for g in range(1, channels + 1) if channels % g == 0])
    outputs = groups * growing.integer(1, max(1, 12 // groups))
    if outputs * prod(drawn.output) > ELEMENTS:
        return None
    shape = (outputs, channels // groups, *drawn.kernel)
    features = [*drawn.features]
    features += ["groups"] if 1 < groups < channels else []
    features += ["depthwise"] if groups == channels > 1 else []
    if growing.chance():
        weights, feature = coded_weights(growing, shape)
        features.append(feature)
    else:
        weights = growing.constant(growing.numbers(*shape))
    inputs = [value.name, weights]
    if growing.chance():
        inputs.append(growing.constant(growing.numbers(outputs)))
        features.append("bias")
    growing.saw("Conv", *features)
    return growing.node("Conv", inputs, (1, outputs, *drawn.output), group=groups, **drawn.attributes())


def transposed_conv(growing: Growing, value: Value) -> Value | None:
    """A transposed convolution."""
    if len(value.shape) != 4:
        return None
    kernel = [growing.integer(1, 4) for _ in value.space]
    strides = [growing.integer(1, 3) for _ in value.space]
    pads = [growing.integer(0, (size - 1) // 2) for size in kernel]
    extra = [growing.integer(0, stride - 1) for stride in strides]
    outputs = growing.integer(1, 6)
    space = [
        (size - 1) * stride + k - 2 * pad + more
        for size, stride, k, pad, more in zip(value.space, strides, kernel, pads, extra, strict=True)
    ]
    if min(space) < 1 or outputs * prod(space) > ELEMENTS:
        return None
    features = [
        "stride" if max(strides) > 1 else "",
        "pad" if any(pads) else "",
        "output padding" if any(extra) else "",
    ]
    growing.saw("ConvTranspose", *features, "odd size" if any(size % 2 for size in value.space) else "")
    weights = growing.constant(growing.numbers(value.channels, outputs, *kernel))
    return growing.node(
        "ConvTranspose",
        [value.name, weights],
        (1, outputs, *space),
        strides=strides,
        pads=pads * 2,
        output_padding=extra,
    )


def gemm(growing: Growing, value: Value) -> Value | None:
    """A fully connected layer, either way round."""
    if len(value.shape) != 2 or value.channels > 512:
        return None
    outputs, turned = growing.integer(1, 20), growing.chance()
    shape = (outputs, value.channels) if turned else (value.channels, outputs)
    inputs = [value.name, growing.constant(growing.numbers(*shape)), growing.constant(growing.numbers(outputs))]
    growing.saw("Gemm", "transposed" if turned else "plain")
    return growing.node("Gemm", inputs, (1, outputs), transB=int(turned))


def matmul(growing: Growing, value: Value) -> Value | None:
    """A fully connected layer without bias, or the product of a map with a map of its own size, transposed."""
    if len(value.shape) in (3, 4):
        return _product(growing, value)
    if len(value.shape) != 2 or value.channels > 512:
        return None
    outputs = growing.integer(1, 20)
    growing.saw("MatMul", "a constant")
    weights = growing.constant(growing.numbers(value.channels, outputs))
    return growing.node("MatMul", [value.name, weights], (1, outputs))


def _product(growing: Growing, value: Value) -> Value | None:
    *stack, rows, inner = value.shape
    if rows * inner * rows * int(np.prod(stack)) > ELEMENTS:
        return None
    others = [other for other in growing.values if other.shape == value.shape]
    axes = len(value.shape)
    growing.saw("MatMul", "two maps", f"{axes} axes")
    order = [*range(axes - 2), axes - 1, axes - 2]
    turned = growing.node("Transpose", [growing.choice(others).name], (*stack, inner, rows), perm=order)
    return growing.node("MatMul", [value.name, turned.name], (*stack, rows, rows))


def pool(op: str, **extra: Any) -> Any:
    """A drawing function of a pool with fixed further attributes."""

    def draw(growing: Growing, value: Value) -> Value | None:
        if len(value.shape) not in (3, 4):
            return None
        drawn = window(growing, value.space, dilations=op == "MaxPool")
        attributes: dict[str, Any] = drawn.attributes()
        if op != "MaxPool":
            del attributes["dilations"]
        growing.saw(op, *drawn.features)
        return growing.node(op, [value.name], (1, value.channels, *drawn.output), **attributes, **extra)

    return draw


def global_pool(op: str) -> Any:
    """A drawing function of a pool over all of a map."""

    def draw(growing: Growing, value: Value) -> Value | None:
        if len(value.shape) not in (3, 4):
            return None
        growing.saw(op, f"{len(value.space)}-D")
        return growing.node(op, [value.name], (1, value.channels, *(1 for _ in value.space)))

    return draw


def reduction(op: str) -> Any:
    """A drawing function of a reduction over height and width."""

    def draw(growing: Growing, value: Value) -> Value | None:
        if len(value.shape) != 4:
            return None
        kept = growing.chance()
        shape = (1, value.channels, 1, 1) if kept else (1, value.channels)
        growing.saw(op, "kept axes" if kept else "dropped axes")
        if op != "ReduceSum" and growing.opset < 18:
            return growing.node(op, [value.name], shape, keepdims=int(kept), axes=[2, 3])
        axes = growing.constant(np.asarray([2, 3], np.int64))
        return growing.node(op, [value.name, axes], shape, keepdims=int(kept))

    return draw


def batch_norm(growing: Growing, value: Value) -> Value | None:
    """Inference with random statistics."""
    if len(value.shape) not in (3, 4):
        return None
    channels = value.channels
    positive = growing.random.uniform(0.3, 2.0, (2, channels)).astype(np.float32)
    arrays = (positive[0], growing.numbers(channels), growing.numbers(channels), positive[1])
    inputs = [value.name, *(growing.constant(array) for array in arrays)]
    growing.saw("BatchNormalization", f"{len(value.space)}-D")
    return growing.node("BatchNormalization", inputs, value.shape)


def local_response(growing: Growing, value: Value) -> Value | None:
    """Normalisation over neighbouring channels."""
    if len(value.shape) != 4:
        return None
    growing.saw("LRN")
    return growing.node("LRN", [value.name], value.shape, size=growing.choice([1, 3, 5]))
