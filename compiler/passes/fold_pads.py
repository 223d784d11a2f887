"""Fold pads: a map that is another one with a border becomes padding of the convolution or pool that reads it.

Requires: clamps folded. Ensures: a border of zeros before a convolution or an average pool, and one that never wins
before a max pool, costs nothing. A border stays where the model gives the padded map a grid of its own.
"""

from dataclasses import replace

import numpy as np

from tileloom.compiler.graph import Window
from tileloom.compiler.pieces import pieces_of
from tileloom.compiler.real_graph import (
    Assembly,
    AveragePool,
    Convolution,
    MaximumPool,
    RealGraph,
    RealOperator,
)

Border = tuple[int, int, int, int]
"""Top, left, bottom, right."""


def fold_pads(graph: RealGraph) -> RealGraph:
    """Let every reader that can pad by itself read the map without its border; drop what nobody reads any more."""
    producers = {operator.output: operator for operator in graph.operators}
    operators: list[RealOperator] = []
    for operator in graph.operators:
        while isinstance(operator, Convolution | AveragePool | MaximumPool):
            assembly = producers.get(operator.input)
            border = _border(graph, assembly) if isinstance(assembly, Assembly) else None
            if border is None or not isinstance(assembly, Assembly):
                break
            inner = assembly.pieces[0].input
            if not _is_padding(operator, assembly.fill, border, producers.get(inner)):
                break
            pads = tuple(own + more for own, more in zip(operator.window.pads, border, strict=True))
            window = replace(operator.window, pads=(pads[0], pads[1], pads[2], pads[3]))
            operator = replace(operator, input=inner, window=window)
        operators.append(operator)
    read = graph.with_operators(operators).uses()
    return graph.with_operators(
        operator for operator in operators if not isinstance(operator, Assembly) or read[operator.output]
    )


def _border(graph: RealGraph, assembly: Assembly) -> Border | None:
    """The border around a whole map; None of any other assembly."""
    if len(assembly.pieces) != 1:
        return None
    (piece,) = assembly.pieces
    read, written = graph.maps[piece.input], graph.maps[assembly.output]
    if written.quantisation not in (None, read.quantisation) or written.channels != read.channels:
        return None
    top, left = divmod(piece.target_start, written.width)
    bottom, right = written.height - read.height - top, written.width - read.width - left
    if min(top, left, bottom, right) < 0 or read.elements == written.elements:
        return None
    table = np.arange(written.elements, dtype=np.int64).reshape(written.channels, written.height, written.width)
    inside = table[:, top : top + read.height, left : left + read.width]
    whole = np.arange(read.elements, dtype=np.int64).reshape(inside.shape)
    return (top, left, bottom, right) if pieces_of(piece.input, whole, inside) == assembly.pieces else None


def _is_padding(
    operator: Convolution | AveragePool | MaximumPool, fill: float, border: Border, producer: RealOperator | None
) -> bool:
    """Whether the operator's own padding means the same as a border of ``fill``."""
    if not isinstance(operator, MaximumPool):
        return fill == 0.0
    # Every window must see an element of the map, and none of those may be less than the border.
    pads = tuple(own + more for own, more in zip(operator.window.pads, border, strict=True))
    inside = max(pads) == 0 or _windows_meet(operator.window, (pads[0], pads[1], pads[2], pads[3]))
    return inside and fill <= getattr(producer, "low", -np.inf)


def _windows_meet(window: Window, pads: Border) -> bool:
    return window.dilation == (1, 1) and all(
        pad < kernel for pad, kernel in zip(pads, (*window.kernel, *window.kernel), strict=True)
    )
