"""Random networks whose maps are concatenated, split, shuffled, padded, enlarged and turned between the layers."""

import numpy as np

from tests.compiler_back.graphs import GraphMaker, random_window
from tests.compiler_back.random_assembles import numbers, pieces_of
from tileloom.compiler.graph import IntegerGraph, Window
from tileloom.hw.spec.config import Target

MOVES = ("concat", "concat", "concat", "slice", "split", "shuffle", "pad", "upsample", "transpose", "crop")
LAYERS = ("conv", "conv", "same", "same", "depthwise", "grouped", "max", "average", "add", "whole")
MOST_ELEMENTS = 3000


def moving_network(seed: int, target: Target) -> tuple[GraphMaker, IntegerGraph]:
    """A network of 4 to 12 operators, about half of which move data."""
    random = np.random.default_rng(seed)
    maker = GraphMaker(seed, target.segments, target.activation_bits)
    height, width = (int(n) for n in random.integers(2, 9, 2))
    seen = [maker.input(int(random.integers(1, 40)), height, width)]
    if random.random() < 0.3:
        seen.append(maker.input(int(random.integers(1, 20)), height, width))
    for _ in range(int(random.integers(4, 13))):
        here = seen[-1] if random.random() < 0.7 else str(random.choice(seen))
        kinds = MOVES if random.random() < 0.5 else LAYERS
        seen.append(_next(maker, here, seen, str(random.choice(kinds)), random))
    outputs = {seen[-1]} | {o.output for o in maker.operators if not maker.graph().consumers(o.output)}
    if random.random() < 0.3:
        outputs.add(str(random.choice([operator.output for operator in maker.operators])))
    return maker, maker.graph(*sorted(outputs))


def _next(maker: GraphMaker, here: str, seen: list[str], kind: str, random: np.random.Generator) -> str:
    tensor = maker.tensors[here]
    c, h, w = tensor.channels, tensor.height, tensor.width
    alike = [n for n in seen if (maker.tensors[n].height, maker.tensors[n].width) == (h, w)]
    if kind in MOVES:
        wanted = _wanted(maker, here, alike, kind, random)
        shape = wanted[0][1].shape
        if wanted[0][1].size <= MOST_ELEMENTS:
            names = [name for name, _ in wanted]
            pieces = pieces_of([(i, values) for i, (_, values) in enumerate(wanted)], names, random)
            return maker.assemble(pieces, (shape[0], shape[1], shape[2]), int(random.integers(-128, 128)))
    match kind:
        case "same":
            return maker.conv(here, int(random.integers(1, 50)), Window((3, 3), pads=(1, 1, 1, 1)))
        case "depthwise":
            return maker.conv(here, c, Window((3, 3), pads=(1, 1, 1, 1)), groups=c)
        case "grouped":
            groups = int(random.choice([g for g in range(1, c + 1) if c % g == 0]))
            return maker.conv(here, groups * int(random.integers(1, max(2, 50 // groups))), Window((1, 1)), groups)
        case "max" | "average":
            size = min(int(random.integers(1, 4)), h, w)
            window = Window((size, size), (1, 1)) if random.random() < 0.5 else Window((size, size), (size, size))
            return maker.max_pool(here, window) if kind == "max" else maker.average_pool(here, window)
        case "add":
            equal = [n for n in alike if maker.tensors[n].channels == c]
            return maker.add(here, str(random.choice(equal)))
        case "whole" if c * h * w < 1000:
            return maker.conv(here, int(random.integers(1, 60)), Window((h, w)))
    return maker.conv(here, int(random.integers(1, 50)), random_window(random, h, w, most=3))


def _wanted(
    maker: GraphMaker, here: str, alike: list[str], kind: str, random: np.random.Generator
) -> list[tuple[str, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]]:
    """Tensors read, and the numbers wanted of each, -1 where it gives none; all of the shape that is made."""
    tensor = maker.tensors[here]
    own = numbers((tensor.channels, tensor.height, tensor.width))
    match kind:
        case "concat":
            names = list(dict.fromkeys([here, *(str(n) for n in random.choice(alike, int(random.integers(1, 4))))]))
            names = [names[i] for i in random.permutation(len(names))]
            parts = [numbers((maker.tensors[n].channels, tensor.height, tensor.width)) for n in names]
            owner = np.concatenate([np.full(part.shape, i) for i, part in enumerate(parts)])
            joined = np.concatenate(parts)
            return [(name, np.where(owner == i, joined, -1)) for i, name in enumerate(names)]
        case "slice":
            first = int(random.integers(0, tensor.channels))
            return [(here, own[first : first + int(random.integers(1, 20))])]
        case "split":
            half = max(1, tensor.channels // 2)
            return [(here, own[:half] if random.random() < 0.5 else own[-half:])]
        case "shuffle":
            groups = int(random.choice([g for g in range(1, tensor.channels + 1) if tensor.channels % g == 0]))
            shuffled = own.reshape(groups, -1, tensor.height, tensor.width).swapaxes(0, 1)
            return [(here, shuffled.reshape(own.shape))]
        case "pad":
            pads = [(0, 0), *(tuple(int(p) for p in random.integers(0, 3, 2)) for _ in range(2))]
            return [(here, np.pad(own, pads, constant_values=-1))]
        case "upsample":
            return [(here, own.repeat(2, 1).repeat(2, 2))]
        case "transpose":
            return [(here, own.swapaxes(1, 2))]
    rows, columns = (int(random.integers(0, n)) for n in (tensor.height, tensor.width))
    return [(here, own[:, rows:, columns :: int(random.integers(1, 3))])]
