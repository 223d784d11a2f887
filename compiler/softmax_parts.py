"""The steps of Softmax and LogSoftmax."""

from collections.abc import Mapping

import numpy as np
import onnx

from tileloom.compiler.expansion import part
from tileloom.compiler.node import Array, Node
from tileloom.compiler.reductions import reduction_over
from tileloom.compiler.rule import Rule

LEAST = -10.0
"""Exponents below the greatest one's by more than this count as this: their exponentials are below 0.00005."""


def _axis(node: Node) -> str | None:
    shape, axis = node.shape(0), node.integer("axis", -1 if node.opset >= 13 else 1)
    return None if shape is None or -len(shape) <= axis < len(shape) else f"{axis} of {len(shape)} axes"


AXIS_RULE = Rule("TL211", "the axis must exist", "correct axis", _axis)


def shifted_exponentials(node: Node) -> tuple[list[onnx.NodeProto], dict[str, Array]]:
    """Steps to ``.shifted`` (the numbers less their greatest), ``.powers`` (its exponentials), ``.sum`` (theirs).

    Before operator set 13 all axes from the given one on are one.
    """
    rank = len(node.shape(0) or ())
    axis = node.integer("axis", -1 if node.opset >= 13 else 1) % rank
    axes = (axis,) if node.opset >= 13 else tuple(range(axis, rank))
    greatest, constants = reduction_over("ReduceMax", node, axes, node.inputs[0], ".greatest")
    total, more = reduction_over("ReduceSum", node, axes, ".powers", ".sum")
    steps = [
        greatest,
        part("Sub", f"{node.inputs[0]} .greatest", ".difference"),
        part("Max", ".difference .least", ".shifted"),
        part("Exp", ".shifted", ".powers"),
        total,
    ]
    least: Mapping[str, Array] = {".least": np.asarray(LEAST, dtype=np.float32)}
    return steps, {**constants, **more, **least}
