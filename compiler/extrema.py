"""Lowering of Max and Min: limits where a constant is one number, Extremum of two maps else."""

from math import inf

import numpy as np
from onnx import NodeProto

from tileloom.compiler.expansion import expand, part
from tileloom.compiler.graph import Source
from tileloom.compiler.lowering import Lowering
from tileloom.compiler.node import Node
from tileloom.compiler.pairs import constant_of, lower_pair
from tileloom.compiler.real_graph import Clamp, Extremum


def lower_extremum(node: Node, lowering: Lowering, maximum: bool) -> None:
    """Lower any number of operands, two at a time."""
    if len(node.inputs) != 2:
        expand(node, lowering, in_pairs(node))
        return
    found = constant_of(node)
    if found is not None:
        index, constant = found
        if constant.values.size == 1 and node.output_shape() == node.shape(1 - index):
            limit = float(np.ravel(constant.values)[0])
            view = lowering.placed(node, 1 - index)
            limits = (limit, inf) if maximum else (-inf, limit)
            lowering.emit(Clamp(node.source, view.name, lowering.add_like(node, view), *limits))
            return

    def extremum(source: Source, a: str, b: str, output: str, _: bool) -> Extremum:
        return Extremum(source, a, b, output, maximum)

    lower_pair(node, lowering, 0, 1, extremum)


def in_pairs(node: Node) -> list[NodeProto]:
    """The node's operator on its first two operands, on that and the third, and so on; of one operand a copy."""
    op, names = node.proto.op_type, node.inputs
    if len(names) == 1:
        return [part("Identity", names[0], node.outputs[0])]
    binary = "Add" if op == "Sum" else op
    steps = []
    for index in range(1, len(names)):
        before = names[0] if index == 1 else f".{index - 1}"
        output = node.outputs[0] if index == len(names) - 1 else f".{index}"
        steps.append(part(binary, f"{before} {names[index]}", output))
    return steps
