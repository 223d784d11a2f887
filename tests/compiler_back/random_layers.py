"""Random graphs of one or two operators, over the whole range of what the compiler takes."""

import numpy as np

from tests.compiler_back.graphs import GraphMaker, random_window
from tileloom.compiler.graph import IntegerGraph, Window
from tileloom.hw.spec.config import Target

PAIRS = ("pair", "spread", "conv+pair", "conv+spread")
KINDS = ("conv", "depthwise", "grouped", "max", "average", "add", "conv+add", "conv+max", "conv+average", *PAIRS)


def random_layer(seed: int, kind: str, target: Target) -> tuple[GraphMaker, IntegerGraph]:
    """A graph of one layer: channels 1..70, maps 1..40, kernels 1..11, strides 1..4, dilations 1..3, any pads."""
    random = np.random.default_rng(seed)
    maker = GraphMaker(seed, target.segments, target.activation_bits)
    channels, height, width = int(random.integers(1, 71)), int(random.integers(1, 41)), int(random.integers(1, 41))
    source = maker.input(channels, height, width)
    window = random_window(random, height, width)
    match kind:
        case "depthwise":
            output = maker.conv(source, channels, window, groups=channels)
        case "grouped":
            groups = int(random.choice([g for g in range(1, channels + 1) if channels % g == 0]))
            output = maker.conv(source, groups * int(random.integers(1, max(2, 70 // groups))), window, groups)
        case "max":
            output = maker.max_pool(source, window)
        case "average":
            output = maker.average_pool(source, window)
        case "add":
            output = maker.add(source, maker.input(channels, height, width))
        case "pair":
            output = maker.pair(source, swapped=random.random() < 0.5)
        case "spread":
            output = maker.pair(source, spread=True)
        case _:
            output = maker.conv(source, int(random.integers(1, 71)), window, table=random.random() < 0.3)
            output = _behind(maker, output, kind, random)
    return maker, maker.graph(output)


def _behind(maker: GraphMaker, output: str, kind: str, random: np.random.Generator) -> str:
    made = maker.tensors[output]
    kernel = (int(random.integers(1, min(4, made.height) + 1)), int(random.integers(1, min(4, made.width) + 1)))
    match kind:
        case "conv+add":
            return maker.add(output, maker.input(made.channels, made.height, made.width))
        case "conv+pair":
            return maker.pair(output, swapped=random.random() < 0.5)
        case "conv+spread":
            return maker.pair(output, spread=True)
        case "conv+max":
            return maker.max_pool(output, Window(kernel, kernel))
        case "conv+average":
            return maker.average_pool(output, Window(kernel, kernel))
    return output
