"""Random layers of a bounded size: single, fused, two or three in a row, a small network, or one that moves data.

Ranges: kernels 1..11 on each axis, strides 1..4, dilations 1..3, any pads below the kernel, channels 1..70, maps
1..40. What would take a target too many cycles is drawn again, each time from slightly smaller ranges, so that every
range is still reached, only not all at once.
"""

from dataclasses import dataclass

import numpy as np

from tests.compiler_back.graphs import GraphMaker, random_window
from tests.compiler_back.moving_networks import moving_network
from tests.compiler_back.random_networks import random_network
from tests.equality.extremes import with_extremes
from tileloom.compiler.graph import AveragePool2d, Conv2d, IntegerGraph, MaxPool2d, Operator, Window
from tileloom.hw.spec.config import Target

CHANNELS, SIDE = 70, 40
SHRINK = 0.95
SINGLE = ("conv", "conv", "conv", "depthwise", "grouped", "max", "average", "add")
FUSED = ("conv+add", "conv+max", "conv+average")
KINDS = (*SINGLE, *FUSED, "row", "row", "row", "network", "moving", "moving")


@dataclass(frozen=True, eq=False)
class DrawnGraph:
    """What was drawn, with its inputs' codes."""

    kind: str
    maker: GraphMaker
    graph: IntegerGraph


def random_graph(seed: int, target: Target, most_cycles: int) -> DrawnGraph:
    """Graph number ``seed`` of a target; one in four has extreme numbers everywhere."""
    kind = str(np.random.default_rng((seed, 1)).choice(KINDS))
    attempt = 0
    while True:
        random = np.random.default_rng((seed, 2, attempt))
        if kind == "network":
            maker, graph = random_network(int(random.integers(1 << 32)), target)
        elif kind == "moving":
            maker, graph = moving_network(int(random.integers(1 << 32)), target)
        else:
            maker = GraphMaker(int(random.integers(1 << 32)), target.segments, target.activation_bits)
            graph = maker.graph(_draw(maker, kind, random, SHRINK**attempt))
        if cycles_at_least(graph, target) <= most_cycles:
            break
        attempt += 1
    if random.random() < 0.25:
        graph = with_extremes(graph, random)
    return DrawnGraph(kind, maker, graph)


def cycles_at_least(graph: IntegerGraph, target: Target) -> int:
    """About the fewest cycles that a frame can take: operators one after another, each with all tiles busy."""
    return sum(_cycles(graph, operator, target) for operator in graph.operators)


def _cycles(graph: IntegerGraph, operator: Operator, target: Target) -> int:
    out = graph.tensors[operator.output]
    columns = target.tiles * target.columns
    match operator:
        case Conv2d():
            read = graph.tensors[operator.input]
            together = max(1, min(operator.groups, target.channel_block * operator.groups // read.channels))
            work = graph.macs(operator) * (1 if operator.groups == read.channels else together) // target.macs_per_cycle
            traffic = read.elements + operator.weights.size
        case MaxPool2d() | AveragePool2d():
            work = out.elements * operator.window.kernel[0] * operator.window.kernel[1] // columns
            traffic = graph.tensors[operator.input].elements
        case _:
            work, traffic = out.elements // columns, 2 * out.elements
    return max(work, (traffic + out.elements) // target.port_activations, out.elements // target.tiles)


def _draw(maker: GraphMaker, kind: str, random: np.random.Generator, scale: float) -> str:
    """Name of the tensor that the drawn layers make."""
    height, width = (_size(random, SIDE * scale) for _ in range(2))
    here = maker.input(_size(random, CHANNELS * scale), height, width)
    if kind == "row":
        for _ in range(int(random.integers(2, 4))):
            here = _layer(maker, str(random.choice(SINGLE)), here, random, scale)
        return here
    first, *behind = kind.split("+")
    here = _layer(maker, first, here, random, scale)
    for name in behind:
        here = _fusable(maker, name, here, random)
    return here


def _layer(maker: GraphMaker, kind: str, here: str, random: np.random.Generator, scale: float) -> str:
    read = maker.tensors[here]
    channels, window = _size(random, CHANNELS * scale), random_window(random, read.height, read.width)
    match kind:
        case "depthwise":
            return maker.conv(here, read.channels, window, groups=read.channels)
        case "grouped":
            groups = int(random.choice([g for g in range(1, read.channels + 1) if read.channels % g == 0]))
            return maker.conv(here, groups * max(1, channels // groups), window, groups)
        case "max":
            return maker.max_pool(here, window)
        case "average":
            return maker.average_pool(here, window)
        case "add":
            return maker.pair(here, spread=random.random() < 0.25, swapped=random.random() < 0.5)
    return maker.conv(here, channels, window, table=random.random() < 0.25)


def _fusable(maker: GraphMaker, kind: str, here: str, random: np.random.Generator) -> str:
    made = maker.tensors[here]
    kernel = (_size(random, min(4, made.height)), _size(random, min(4, made.width)))
    window = Window(kernel, kernel) if random.random() < 0.8 else random_window(random, made.height, made.width, most=4)
    match kind:
        case "max":
            return maker.max_pool(here, window)
        case "average":
            return maker.average_pool(here, window)
    return maker.pair(here, spread=random.random() < 0.25, swapped=random.random() < 0.5)


def _size(random: np.random.Generator, most: float) -> int:
    return int(random.integers(1, max(1, int(most)) + 1))
