"""Operator set: old models are raised to the operator set that today's exporters write.

Requires: order; dialects translated. Ensures: where ONNX's converter can, ai.onnx is at least :data:`LEAST`, names and
source lines kept; where it cannot, the model stays as it is, and operators read both forms.
"""

from dataclasses import replace

import onnx
import onnx.shape_inference
import onnx.version_converter

from tileloom.compiler.limits import OPSETS
from tileloom.compiler.network import Network
from tileloom.compiler.passes.order_nodes import opset_problems, order_nodes

LEAST = 13
"""Since this set, operands such as axes and splits are inputs, and QuantizeLinear knows channels."""


def raise_opset(network: Network) -> Network:
    """Convert a model of an older set."""
    if network.problems or network.opset >= LEAST or not network.opset:
        return network
    plain = onnx.ModelProto()
    plain.CopyFrom(network.model)
    del plain.functions[:]
    if network.opset < OPSETS[0]:
        _spread_slopes(plain)
    try:
        raised = onnx.version_converter.convert_version(plain, LEAST)
    except Exception:  # the converter raises several kinds
        return network.with_problems(opset_problems(network, OPSETS[0]))
    raised.functions.extend(network.model.functions)
    raised.ir_version = max(raised.ir_version, 8)
    traces = {node.output[0]: node for node in network.model.graph.node if node.output}
    for node in raised.graph.node:
        origin = traces.get(node.output[0]) if node.output else None
        if origin is not None and not node.metadata_props:
            node.metadata_props.extend(origin.metadata_props)
    return order_nodes(replace(network, model=raised))


def _spread_slopes(model: onnx.ModelProto) -> None:
    """Before opset 7 a PRelu's slopes belonged to the channels whatever their shape; the converter overlooks that."""
    wanted = [node for node in model.graph.node if node.op_type == "PRelu" and len(node.input) == 2]
    if not wanted:
        return
    inferred = onnx.shape_inference.infer_shapes(model).graph
    ranks = {value.name: len(value.type.tensor_type.shape.dim) for value in (*inferred.input, *inferred.value_info)}
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in wanted:
        slopes = weights.get(node.input[1])
        if slopes is not None and len(slopes.dims) == 1 and slopes.dims[0] > 1:
            slopes.dims.extend([1] * (ranks.get(node.input[0], 2) - 2))
    for value in model.graph.input:
        if value.name in weights:
            kind, dims = weights[value.name].data_type, list(weights[value.name].dims)
            value.CopyFrom(onnx.helper.make_tensor_value_info(value.name, kind, dims))
