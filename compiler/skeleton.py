"""The skeleton of a model: all of it but its large weights, which only the weights' own reader looks at.

ONNX's shape inference and checker take and give whole models as bytes; without the weights that costs nothing, and the
2 GB that protobuf can write are no limit.
"""

from math import prod

import onnx

IR_VERSION = 4
"""The first whose initialisers need not be inputs as well."""
LARGE = 1024
"""Initialisers of more elements are left out: shapes, axes and the like are never so long."""


def skeleton(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of ``model`` in which large initialisers are inputs of the same name, type and shape."""
    graph = onnx.GraphProto(name="network")
    graph.node.extend(model.graph.node)
    graph.input.extend(model.graph.input)
    graph.output.extend(model.graph.output)
    graph.value_info.extend(model.graph.value_info)
    graph.sparse_initializer.extend(model.graph.sparse_initializer)
    known = {value.name for value in graph.input}
    for tensor in model.graph.initializer:
        if prod(tensor.dims) <= LARGE:
            graph.initializer.append(tensor)
        elif tensor.name not in known:
            graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    return onnx.ModelProto(
        ir_version=max(model.ir_version, IR_VERSION),
        opset_import=model.opset_import,
        graph=graph,
        functions=model.functions,
    )
