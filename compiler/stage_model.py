"""A stage of the compiler as an ONNX model, for people to look at: Netron and every other ONNX viewer opens it.

After the front passes the nodes are still the user's; afterwards they are tileloom's own operators, in domains of their
own (``tileloom.real``, ``tileloom.integer``), with everything that decides what they compute as attributes. Large
arrays are inputs of their shape, without their numbers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from tileloom.compiler import graph as integer
from tileloom.compiler import real_graph as real
from tileloom.compiler.graph import IntegerGraph, Source, Tensor
from tileloom.compiler.network import Network
from tileloom.compiler.real_graph import Map, RealGraph
from tileloom.compiler.skeleton import skeleton

Stage = Network | RealGraph | IntegerGraph
SMALL = 64
"""Arrays of at most so many elements are shown with their numbers."""
OPSET = 17
"""Of the models of graphs; their nodes have domains of their own."""


def stage_model(stage: Stage) -> onnx.ModelProto:
    """The stage as a model whose values carry their shapes."""
    match stage:
        case Network():
            return _of_network(stage)
        case RealGraph():
            values = {name: _real_value(map_) for name, map_ in stage.maps.items()}
            return _of_graph("tileloom.real", stage, values, {each.output: each for each in stage.operators}, real)
        case IntegerGraph():
            values = {name: _integer_value(tensor) for name, tensor in stage.tensors.items()}
            return _of_graph(
                "tileloom.integer", stage, values, {each.output: each for each in stage.operators}, integer
            )


def _of_network(network: Network) -> onnx.ModelProto:
    """The live nodes of the ONNX model, with what is known of their values."""
    model = skeleton(network.model)
    live = [node.proto for node in network.nodes()] or list(network.model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(live)
    declared = {value.name for value in (*model.graph.input, *model.graph.output)}
    declared |= {tensor.name for tensor in model.graph.initializer}
    del model.graph.value_info[:]
    for name, shape in network.shapes.items():
        if name not in declared and network.types.get(name):
            model.graph.value_info.append(helper.make_tensor_value_info(name, network.types[name], shape))
    return model


def _real_value(map_: Map) -> onnx.ValueInfoProto:
    grid = map_.quantisation
    text = f"holds {map_.value}" + (f"; {grid}" if grid is not None else "; not quantised yet")
    shape = (1, map_.channels, map_.height, map_.width)
    return helper.make_tensor_value_info(map_.name, TensorProto.FLOAT, shape, text)


def _integer_value(tensor: Tensor) -> onnx.ValueInfoProto:
    text = f"real = (code - {tensor.zero_point}) * {tensor.scale:.9g}, codes {tensor.low} .. {tensor.high}"
    shape = (1, tensor.channels, tensor.height, tensor.width)
    kind = TensorProto.INT8 if -128 <= tensor.low <= tensor.high <= 127 else TensorProto.INT16
    return helper.make_tensor_value_info(tensor.name, kind, shape, text)


def _of_graph(
    domain: str,
    graph: RealGraph | IntegerGraph,
    values: Mapping[str, onnx.ValueInfoProto],
    operators: Mapping[str, Any],
    meaning: Any,
) -> onnx.ModelProto:
    weights: list[onnx.ValueInfoProto] = []
    nodes = []
    for output, operator in operators.items():
        source: Source = operator.source
        node = helper.make_node(
            type(operator).__name__, meaning.inputs_of(operator), [output], source.node, source.line
        )
        node.domain = domain
        for name, value in _attributes(operator):
            if isinstance(value, np.ndarray) and value.size > SMALL:
                entry = f"{output}/{name}"
                kind = helper.np_dtype_to_tensor_dtype(value.dtype)
                weights.append(helper.make_tensor_value_info(entry, kind, value.shape))
                node.input.append(entry)
            else:
                node.attribute.append(helper.make_attribute(name, _shown(value)))
        nodes.append(node)
    inside = [value for name, value in values.items() if name not in (*graph.inputs, *graph.outputs)]
    made = helper.make_graph(
        nodes,
        graph.name,
        [values[name] for name in graph.inputs] + weights,
        [values[name] for name in graph.outputs],
        value_info=inside,
        doc_string="\n".join(graph.notes),
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(domain, 1)]
    return helper.make_model(made, opset_imports=opsets, producer_name="tileloom", ir_version=8)


def _attributes(operator: Any) -> Iterable[tuple[str, Any]]:
    for entry in fields(operator):
        value = getattr(operator, entry.name)
        if entry.name not in ("source", "input", "a", "b", "output") and value is not None:
            yield entry.name, value


def _shown(value: Any) -> Any:
    """A value as an attribute: numbers and short lists as they are, everything else in words."""
    if isinstance(value, np.ndarray):
        return [float(item) for item in value.ravel()] if value.size else "none"
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float | str):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return ", ".join(f"{entry.name} {getattr(value, entry.name)}" for entry in fields(value))
    return str(value)
