"""Refusals: layers that a target cannot hold or lacks a unit for, each with its arithmetic."""

from tileloom.compiler.backend.layout import View
from tileloom.compiler.fuse import Kind, Layer
from tileloom.compiler.graph import Conv2d, IntegerGraph, inputs_of
from tileloom.compiler.problems import ModelError, Problem
from tileloom.hw.spec.config import Target


def check_features(layers: list[Layer], target: Target) -> None:
    """Raise :class:`ModelError` with every layer that needs a unit which the target leaves out."""
    problems = []
    for layer in layers:
        if layer.kind == Kind.MAXIMUM and not target.channelwise:
            problems.append(_lacks(layer, target, "max pooling needs channelwise = true", "channelwise = false"))
        if layer.add is not None and not target.residual_bytes:
            problems.append(_lacks(layer, target, "additions need a residual buffer", "residual_bytes = 0"))
        if layer.table is not None and len(layer.table.slopes) > target.segments:
            rule = f"its nonlinearity needs {len(layer.table.slopes)} segments"
            problems.append(_lacks(layer, target, rule, f"segments = {target.segments}"))
    if problems:
        raise ModelError(problems)


def check_precision(graph: IntegerGraph, target: Target) -> None:
    """Raise :class:`ModelError` with every operator whose codes or weights are wider than the target's."""
    problems = []
    for operator in graph.operators:
        names = (*inputs_of(operator), operator.output)
        widest = max(graph.tensors[name].code_type.itemsize for name in names)
        if isinstance(operator, Conv2d):
            widest = max(widest, operator.weights.itemsize)
        if widest > target.element_bytes:
            problems.append(
                Problem(
                    "TL502",
                    operator.source.node,
                    operator.source.line,
                    f"target {target.name} must have operands as wide as the network's, of {8 * widest} bits",
                    f"activation_bits = {target.activation_bits}",
                    f"quantise the network for this target, or use a target of {8 * widest} bits",
                )
            )
    if problems:
        raise ModelError(problems)


def refuse(layer: Layer, views: dict[str, View], target: Target, reason: str) -> Problem:
    """The problem of a layer for which there is no mapping."""
    source, window = views[layer.input], layer.window
    span_x = window.dilation[1] * (window.kernel[1] - 1) + 1
    block = source.block
    least = span_x * block * target.element_bytes
    value = reason or (
        f"one kernel row of this one needs {span_x} columns x {block} channels = {least} window bytes with "
        f"{target.window_bytes} there, and {-(-window.kernel[1] * block // target.lanes)} weight words with "
        f"{target.weight_words} there"
    )
    return Problem(
        "TL501",
        layer.name,
        layer.operators[0].source.line,
        f"a layer must fit the buffers of target {target.name}",
        value,
        "use a target with larger window_bytes or weight_words, or a smaller kernel or dilation",
    )


def _lacks(layer: Layer, target: Target, rule: str, value: str) -> Problem:
    return Problem(
        "TL502",
        layer.name,
        layer.operators[0].source.line,
        f"on target {target.name} {rule}",
        value,
        "use a target that has it, or leave the operator out",
    )
