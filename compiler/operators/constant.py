"""Constant is known at compile time and becomes part of the operator that reads it."""

from onnx import numpy_helper

from tileloom.compiler.lowering import Lowering, refuse
from tileloom.compiler.node import Node
from tileloom.compiler.operator_example import Example, numbers, step
from tileloom.compiler.rule import Rule

NAMES = ("Constant",)


def _form(node: Node) -> str | None:
    names = [attribute.name for attribute in node.proto.attribute]
    return None if node.outputs[0] in node.constants else f"attributes {names}"


RULES = (Rule("TL202", "the value must be a dense tensor or numbers", "export dense weights", _form),)


def lower(node: Node, lowering: Lowering) -> None:
    """Never reached: constant folding has taken the node away."""
    raise refuse(node, "TL202", "the value must be a dense tensor or numbers", "something else", "export dense weights")


EXAMPLES = (
    Example(
        "weights",
        (
            step("Constant", "", "w", value=numpy_helper.from_array(numbers(2, 3, 2, 2))),
            step("Conv", "x w", "y"),
        ),
        (1, 3, 4, 4),
    ),
)
