"""Operator by feature: what the random networks must have met, and how often they did."""

from collections import Counter

from tests.random_graphs.draw import supported_draws

WINDOW = ("1-D", "2-D", "stride", "pad", "uneven pad", "odd size", "oblong")
BITS = tuple(f"{bits}-bit weights" for bits in range(1, 9))

FEATURES: dict[str, tuple[str, ...]] = {
    "Conv": (*WINDOW, "dilation", "groups", "depthwise", "bias", *BITS),
    "ConvTranspose": ("stride", "pad", "output padding", "odd size"),
    "Gemm": ("plain", "transposed"),
    "MatMul": ("a constant", "two maps", "3 axes", "4 axes"),
    "MaxPool": (*WINDOW, "dilation"),
    "AveragePool": WINDOW,
    "LpPool": WINDOW,
    "GlobalAveragePool": ("1-D", "2-D"),
    "GlobalMaxPool": ("1-D", "2-D"),
    "ReduceMean": ("kept axes", "dropped axes"),
    "ReduceSum": ("kept axes", "dropped axes"),
    "ReduceMax": ("kept axes", "dropped axes"),
    "BatchNormalization": ("1-D", "2-D"),
    "Relu": ("2 axes", "3 axes", "4 axes", "odd size"),
    "Sigmoid": ("4 axes",),
    "Tanh": ("4 axes",),
    "Clip": ("both", "below", "above"),
    "Add": ("two maps", "with itself", "4 axes"),
    "Sum": ("two maps", "with itself", "4 axes"),
    "Max": ("two maps", "with itself", "4 axes"),
    "Min": ("two maps", "with itself", "4 axes"),
    "Mul": ("one constant", "constant a channel"),
    "Div": ("one constant", "constant a channel"),
    "Sub": ("one constant", "constant a channel"),
    "Flatten": ("3 axes", "4 axes"),
    "Reshape": ("3 axes", "4 axes"),
    "Transpose": ("3 axes", "4 axes"),
    "Concat": ("axis 1", "axis 2", "axis 3", "2 maps", "3 maps", "4 maps"),
    "Split": ("axis 1", "axis 2", "axis 3"),
    "Slice": ("axis 1", "axis 2", "axis 3", "backwards", "step"),
    "Gather": ("axis 1", "axis 2", "axis 3"),
    "Pad": ("constant", "reflect", "edge"),
    "Resize": ("nearest", "linear"),
    "DepthToSpace": ("DCR", "CRD"),
    "QuantizeLinear": ("int8", "uint8", "zero point"),
}
"""Features that an operator has, besides being there at all."""


def cells() -> list[tuple[str, str]]:
    """Every operator and feature that must be met."""
    return [(op, feature) for op in supported_draws() for feature in ("any", *FEATURES.get(op, ()))]


def table(seen: Counter[tuple[str, str]]) -> str:
    """How many networks had each feature, an operator a line."""
    lines = []
    for op in supported_draws():
        counts = ", ".join(f"{feature} {seen[op, feature]}" for feature in ("any", *FEATURES.get(op, ())))
        lines.append(f"{op:20} {counts}")
    return "\n".join(lines)
