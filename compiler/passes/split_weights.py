"""Split weights: codes of more than 8 bits become sums of codes that fit, over copies of the input.

A weight of a uint8 network minus its zero point lies between -255 and 255. It is the sum of two (of 255, three) int8
weights, and the layer reads its input as often: exact, at so many times the multiplications.

Requires: quantisers absorbed; model codes still as given. Ensures: every convolution's codes fit 8 bits signed.
"""

from dataclasses import replace

import numpy as np

from tileloom.compiler.graph import Piece
from tileloom.compiler.real_graph import Assembly, Convolution, Int64s, Map, RealGraph, RealOperator

LOW, HIGH = -128, 127


def split_weights(graph: RealGraph) -> RealGraph:
    """Replace every convolution of wide codes."""
    maps = dict(graph.maps)
    operators: list[RealOperator] = []
    notes = list(graph.notes)
    for operator in graph.operators:
        if isinstance(operator, Convolution) and operator.codes is not None and _is_wide(operator.codes):
            parts = _parts(operator.codes)
            copies, wide = _copies(operator, maps[operator.input], len(parts))
            maps[wide.name] = wide
            notes.append(
                f"{operator.source.node}: weights minus their zero point need more than 8 bits, and are computed as "
                f"{len(parts)} weights of 8 bits each; symmetric weights take 1/{len(parts)} of the time"
            )
            operators.append(copies)
            operator = _joined(operator, wide.name, parts)
        operators.append(operator)
    return replace(graph, maps=maps, notes=tuple(notes)).with_operators(operators)


def _is_wide(codes: Int64s) -> bool:
    return bool(codes.size) and (int(codes.min()) < LOW or int(codes.max()) > HIGH)


def _parts(codes: Int64s) -> list[Int64s]:
    """Arrays within 8 bits signed that add up to ``codes``."""
    parts: list[Int64s] = []
    rest = codes
    while np.any(rest) or not parts:
        parts.append(np.clip(rest, LOW, HIGH))
        rest = rest - parts[-1]
    return parts


def _copies(operator: Convolution, read: Map, count: int) -> tuple[Assembly, Map]:
    """The input's channels ``count`` times, group by group."""
    name = f"{operator.output}/copies"
    of_group = read.elements // operator.groups
    pieces = tuple(
        Piece(read.name, (1, operator.groups, of_group), 0, (0, of_group, 1), copy * of_group, (0, count * of_group, 1))
        for copy in range(count)
    )
    channels = read.channels * count
    wide = Map(
        name,
        read.value,
        channels,
        read.height,
        read.width,
        (channels, read.height, read.width),
        quantisation=read.quantisation,
    )
    return Assembly(operator.source, name, pieces), wide


def _joined(operator: Convolution, name: str, parts: list[Int64s]) -> Convolution:
    assert operator.scales is not None
    codes = np.concatenate(parts, axis=1)
    weights = codes * operator.scales.reshape(-1, 1, 1, 1)
    return replace(operator, input=name, weights=weights, codes=codes)
