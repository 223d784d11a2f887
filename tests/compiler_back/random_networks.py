"""Random networks: chains with branches that are added up again, several outputs, maps used twice."""

import numpy as np

from tests.compiler_back.graphs import GraphMaker, random_window
from tileloom.compiler.graph import IntegerGraph, Window
from tileloom.hw.spec.config import Target


def random_network(seed: int, target: Target) -> tuple[GraphMaker, IntegerGraph]:
    """A network of 3 to 9 operators."""
    random = np.random.default_rng(seed)
    maker = GraphMaker(seed, target.segments, target.activation_bits)
    here = maker.input(int(random.integers(1, 40)), int(random.integers(4, 25)), int(random.integers(4, 25)))
    seen = [here]
    for _ in range(int(random.integers(3, 9))):
        here = _next(maker, here, seen, random)
        seen.append(here)
    outputs = {here}
    if random.random() < 0.3:
        outputs.add(str(random.choice(seen[1:])))
    outputs |= {operator.output for operator in maker.operators if not maker.graph().consumers(operator.output)}
    return maker, maker.graph(*sorted(outputs))


def _next(maker: GraphMaker, here: str, seen: list[str], random: np.random.Generator) -> str:
    tensor = maker.tensors[here]
    same = [n for n in seen if _size(maker, n) == _size(maker, here)]
    match random.choice(["conv", "conv", "same", "same", "add", "add", "max", "average", "whole", "depthwise"]):
        case "same":
            window = Window((3, 3), pads=(1, 1, 1, 1))
            return maker.conv(here, tensor.channels, window, table=random.random() < 0.2)
        case "add":
            return maker.add(here, str(random.choice(same)))
        case "max":
            return maker.max_pool(here, _pool(maker, here, random))
        case "average":
            return maker.average_pool(here, _pool(maker, here, random))
        case "whole" if tensor.height * tensor.width * tensor.channels < 1500:
            return maker.conv(here, int(random.integers(1, 60)), Window((tensor.height, tensor.width)))
        case "depthwise":
            window = random_window(random, tensor.height, tensor.width, most=4)
            return maker.conv(here, tensor.channels, window, groups=tensor.channels)
    window = random_window(random, tensor.height, tensor.width, most=4)
    return maker.conv(here, int(random.integers(1, 50)), window, table=random.random() < 0.2)


def _pool(maker: GraphMaker, name: str, random: np.random.Generator) -> Window:
    tensor = maker.tensors[name]
    size = min(int(random.integers(1, 4)), tensor.height, tensor.width)
    return Window((size, size), (size, size))


def _size(maker: GraphMaker, name: str) -> tuple[int, int, int]:
    tensor = maker.tensors[name]
    return tensor.channels, tensor.height, tensor.width
