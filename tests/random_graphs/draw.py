"""Drawing a network: one to eight operators, each reading the newest value or an older one, so that branches arise."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
from hypothesis import strategies as st

from tests.random_graphs import layers, movements, pointwise, quantised
from tests.random_graphs.builder import Growing, Value
from tileloom.compiler.operator_table import operator_table

Draw = Callable[[Growing, Value], Value | None]

DRAWS: dict[str, Draw] = {
    "Conv": layers.conv,
    "ConvTranspose": layers.transposed_conv,
    "Gemm": layers.gemm,
    "MatMul": layers.matmul,
    "MaxPool": layers.pool("MaxPool"),
    "AveragePool": layers.pool("AveragePool", count_include_pad=1),
    "LpPool": layers.pool("LpPool", p=2),
    "GlobalAveragePool": layers.global_pool("GlobalAveragePool"),
    "GlobalMaxPool": layers.global_pool("GlobalMaxPool"),
    "GlobalLpPool": layers.global_pool("GlobalLpPool"),
    "ReduceMean": layers.reduction("ReduceMean"),
    "ReduceSum": layers.reduction("ReduceSum"),
    "ReduceMax": layers.reduction("ReduceMax"),
    "BatchNormalization": layers.batch_norm,
    "LRN": layers.local_response,
    "Relu": pointwise.function("Relu"),
    "LeakyRelu": pointwise.function("LeakyRelu", alpha=(0.01, 0.5)),
    "PRelu": pointwise.prelu,
    "Clip": pointwise.clip,
    "Sigmoid": pointwise.function("Sigmoid"),
    "Tanh": pointwise.function("Tanh"),
    "HardSigmoid": pointwise.function("HardSigmoid", alpha=(0.1, 0.4), beta=(0.3, 0.7)),
    "HardSwish": pointwise.function("HardSwish"),
    "Elu": pointwise.function("Elu", alpha=(0.5, 1.5)),
    "Selu": pointwise.function("Selu"),
    "Softplus": pointwise.function("Softplus"),
    "Exp": pointwise.exponential,
    "Abs": pointwise.function("Abs"),
    "Neg": pointwise.function("Neg"),
    "Sqrt": pointwise.square_root,
    "Pow": pointwise.power,
    "Add": pointwise.of_two("Add"),
    "Sum": pointwise.of_two("Sum"),
    "Max": pointwise.of_two("Max"),
    "Min": pointwise.of_two("Min"),
    "Mul": pointwise.with_constant("Mul"),
    "Div": pointwise.with_constant("Div"),
    "Sub": pointwise.with_constant("Sub"),
    "Flatten": movements.flatten,
    "Reshape": movements.reshape,
    "Squeeze": movements.squeeze,
    "Unsqueeze": movements.unsqueeze,
    "Transpose": movements.transpose,
    "Concat": movements.concat,
    "Split": movements.split,
    "Slice": movements.cut,
    "Gather": movements.gather,
    "Pad": movements.pad,
    "Resize": movements.resize,
    "DepthToSpace": movements.depth_to_space,
    "SpaceToDepth": movements.space_to_depth,
    "Expand": movements.expand,
    "Identity": movements.same("Identity"),
    "Dropout": movements.same("Dropout"),
    "QuantizeLinear": quantised.given_grid,
}
"""How each operator is drawn, by the name of its ONNX operator."""
OPSETS = (14, 17, 20)
MOST_NODES = 8
LIMIT = 40
LIKELY = ("Conv", "Conv", "Conv", "Add")
"""Drawn more often, because everything meets them."""


@dataclass(frozen=True, eq=False)
class DrawnNetwork:
    """A network, and which features of which operators it has."""

    model: onnx.ModelProto
    features: frozenset[tuple[str, str]]
    seed: int


def supported_draws() -> dict[str, Draw]:
    """Those of operators that the compiler knows."""
    return {op: draw for op, draw in DRAWS.items() if op in operator_table()}


SHAPES = tuple((nodes, limit) for nodes in range(1, MOST_NODES + 1) for limit in range(4, LIMIT + 1, 4))
"""Numbers of operators with the greatest integer that is drawn; the first are those of small networks."""


def networks() -> st.SearchStrategy[DrawnNetwork]:
    """Random networks with at least one operator.

    They come from two draws of different kinds: of more, hypothesis would try variations of one seed for long.
    """
    return st.builds(network, st.sampled_from(SHAPES), st.integers(0, (1 << 24) - 1))


def network(shape: tuple[int, int], seed: int) -> DrawnNetwork:
    """The network of a seed, grown by so many operators with integers up to a limit."""
    nodes, limit = shape
    growing = Growing(limit, np.random.default_rng(seed), OPSETS[seed % len(OPSETS)])
    draws = supported_draws()
    value = growing.add_input(_input(growing))
    if growing.integer(0, 3) == 3:
        growing.add_input(value.shape)
    for _ in range(nodes):
        op = growing.choice([*draws, *LIKELY])
        newest = growing.random.random() < 0.75
        others = [growing.values[index] for index in growing.random.permutation(len(growing.values))]
        made = (draws[op](growing, each) for each in ([value, *others] if newest else others))
        value = next((each for each in made if each is not None), value)
    if not growing.nodes:
        value = pointwise.function("Relu")(growing, value)
    return DrawnNetwork(growing.model(), frozenset(growing.features), seed)


def _input(growing: Growing) -> tuple[int, ...]:
    axes = growing.choice([4, 4, 3, 4, 3, 2])
    if axes == 2:
        return (1, growing.integer(1, 40))
    return (1, growing.integer(1, 12), *(growing.integer(1, 12) for _ in range(axes - 2)))
