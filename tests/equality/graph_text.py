"""An integer graph in one line, for messages that tell what was drawn."""

from typing import assert_never

from tileloom.compiler.graph import (
    Add,
    Assemble,
    AveragePool2d,
    Conv2d,
    Extremum,
    IntegerGraph,
    MaxPool2d,
    Multiply,
    Operator,
    Window,
    inputs_of,
)


def graph_text(graph: IntegerGraph) -> str:
    """Every operator with its sizes."""
    return "; ".join(operator_text(graph, operator) for operator in graph.operators)


def operator_text(graph: IntegerGraph, operator: Operator) -> str:
    """Name, what it is, map sizes ``channels x height x width`` of inputs and output."""
    maps = ", ".join(_size(graph, name) for name in inputs_of(operator))
    return f"{operator.source.node} {_kind(operator)} {maps} -> {_size(graph, operator.output)}"


def _kind(operator: Operator) -> str:
    match operator:
        case Conv2d():
            groups = f" in {operator.groups} groups" if operator.groups > 1 else ""
            return f"{_window(operator.window)}{groups}{' with table' if operator.table else ''}"
        case MaxPool2d() | AveragePool2d():
            return _window(operator.window)
        case Assemble():
            return f"of {len(operator.pieces)} pieces"
        case Add() | Multiply() | Extremum():
            return "of two"
        case _:
            assert_never(operator)


def _window(window: Window) -> str:
    (ky, kx), (sy, sx), (dy, dx) = window.kernel, window.stride, window.dilation
    text = f"{ky}x{kx}"
    text += f" stride {sy}x{sx}" if (sy, sx) != (1, 1) else ""
    text += f" dilation {dy}x{dx}" if (dy, dx) != (1, 1) else ""
    return text + (f" pads {window.pads}" if any(window.pads) else "")


def _size(graph: IntegerGraph, name: str) -> str:
    tensor = graph.tensors[name]
    return f"{tensor.channels}x{tensor.height}x{tensor.width}"
