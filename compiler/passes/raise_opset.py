"""Operator set: old models are raised to the operator set that today's exporters write.

Requires: order; dialects translated. Ensures: where ONNX's converter can, ai.onnx is at least :data:`LEAST`, names and
source lines kept; where it cannot, the model stays as it is, and operators read both forms.
"""

from dataclasses import replace

import onnx
import onnx.version_converter

from tileloom.compiler.network import Network
from tileloom.compiler.passes.order_nodes import order_nodes

LEAST = 13
"""Since this set, operands such as axes and splits are inputs, and QuantizeLinear knows channels."""


def raise_opset(network: Network) -> Network:
    """Convert a model of an older set."""
    if network.problems or network.opset >= LEAST or not network.opset:
        return network
    plain = onnx.ModelProto()
    plain.CopyFrom(network.model)
    del plain.functions[:]
    try:
        onnx.checker.check_model(plain)
        raised = onnx.version_converter.convert_version(plain, LEAST)
    except Exception:  # the converter and the checker raise several kinds
        return network
    raised.functions.extend(network.model.functions)
    raised.ir_version = max(raised.ir_version, 8)
    traces = {node.output[0]: node for node in network.model.graph.node if node.output}
    for node in raised.graph.node:
        origin = traces.get(node.output[0]) if node.output else None
        if origin is not None and not node.metadata_props:
            node.metadata_props.extend(origin.metadata_props)
    return order_nodes(replace(network, model=raised))
