"""Lowering of the ONNX operators that compute one function of each element."""

from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.real_graph import Function
from tileloom.compiler.table_function import TableFunction


def lower_function(node: Node, lowering: Lowering, function: TableFunction) -> None:
    """Emit ``function`` of the node's first input."""
    view = lowering.placed(node, 0)
    value = lowering.maps[view.name].value
    lowering.emit(Function(node.source, view.name, lowering.add_like(node, view), function, value))


def usual_examples(op: str, opset: int = 17, **attributes: float | str) -> tuple[Example, ...]:
    """A function alone, and where it becomes a part of the convolution before it."""
    return (
        Example("alone", (step(op, "x", "y", **attributes),), (1, 3, 4, 4), opset=opset),
        Example(
            "after a convolution",
            (step("Conv", "x w b", "c"), step(op, "c", "y", **attributes)),
            (1, 3, 6, 6),
            {"w": numbers(4, 3, 3, 3), "b": numbers(4)},
            opset,
        ),
    )
