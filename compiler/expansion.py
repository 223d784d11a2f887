"""Operators that are several simpler ones: written as ONNX nodes, lowered by the files of those.

What lies between the nodes is computed by the calibration's float network too (:mod:`tileloom.compiler.parts`), so that
it gets scales as any other value.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import onnx
from onnx import TensorProto, helper, numpy_helper

from tileloom.compiler.lowering import Lowering, Refused, refuse
from tileloom.compiler.node import Array, Constant, Node


def part(op: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    """One node; inputs are separated by blanks, names that begin with a dot are the expansion's own."""
    return helper.make_node(op, inputs.split(), [output], **attributes)


def expand(
    node: Node, lowering: Lowering, steps: Sequence[onnx.NodeProto], constants: Mapping[str, Array] | None = None
) -> None:
    """Lower ``steps`` instead of the node; the last one writes the node's first output.

    ``constants`` have names that begin with a dot. Whatever refuses a step refuses the node.
    """
    from tileloom.compiler.operator_table import operator_table  # it imports the operators, which import this

    own = {f"{node.outputs[0]}/{name[1:]}": array for name, array in (constants or {}).items()}
    protos = [_named(node, step) for step in steps]
    shapes, types = _inferred(node, protos, own)
    known = {**node.constants, **{name: Constant(array) for name, array in own.items()}}
    lowering.part_constants.update(own)
    for proto in protos:
        inner = Node(proto, node.index, node.opset, shapes, types, known, node.op)
        operator = operator_table()[proto.op_type]
        for rule in operator.rules:
            if (problem := rule.check(inner)) is not None:
                raise Refused(problem)
        if proto.output[0] != node.outputs[0]:
            lowering.part_nodes.append(proto)
        operator.lower(inner, lowering)


def _named(node: Node, step: onnx.NodeProto) -> onnx.NodeProto:
    """The step with full names, and the node's own source line."""
    proto = onnx.NodeProto()
    proto.CopyFrom(step)
    for names in (proto.input, proto.output):
        names[:] = [f"{node.outputs[0]}/{name[1:]}" if name.startswith(".") else name for name in names]
    local = step.output[0].removeprefix(".") if step.output[0] != node.outputs[0] else step.op_type.lower()
    proto.name = f"{node.name}/{local}"
    proto.metadata_props.extend(node.proto.metadata_props)
    return proto


def _inferred(
    node: Node, protos: Sequence[onnx.NodeProto], own: Mapping[str, Array]
) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
    """Shapes and types of all values that the steps read and write."""
    shapes, types = dict(node.shapes), dict(node.types)
    made = {name for proto in protos for name in proto.output}
    read = {name for proto in protos for name in proto.input if name and name not in made and name not in own}
    fixed = {name: node.constants[name].values for name in read if name in node.constants}
    graph = helper.make_graph(
        list(protos),
        "steps",
        [
            helper.make_tensor_value_info(name, types.get(name, TensorProto.FLOAT), shapes[name])
            for name in sorted(read - set(fixed))
        ],
        [helper.make_tensor_value_info(protos[-1].output[0], TensorProto.UNDEFINED, None)],
        [numpy_helper.from_array(array, name) for name, array in {**fixed, **own}.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", node.opset)])
    try:
        found = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    except onnx.shape_inference.InferenceError as error:
        text = str(error).splitlines()[0]
        raise refuse(node, "TL112", "the output's shape must be known", text, "export with fixed sizes") from None
    for value in (*found.value_info, *found.output):
        tensor = value.type.tensor_type
        shapes[value.name] = tuple(int(dim.dim_value) for dim in tensor.shape.dim)
        types[value.name] = int(tensor.elem_type)
    shapes.update((name, tuple(array.shape)) for name, array in own.items())
    return shapes, types
