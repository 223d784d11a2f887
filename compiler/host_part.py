"""Leaving operators to the host, where the user allows it: the network is cut in two, the accelerator's part first.

A node that the compiler refuses goes to the host, and with it every node that needs its result. What lies on the cut
becomes outputs of the accelerator's part; the host's part is an ONNX model of its own, which reads them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper

from tileloom.compiler.graph import HostNode

LIMIT = 1 << 31
"""Elements of a value that are counted at most, whatever a model says."""


@dataclass(frozen=True, eq=False)
class Cut:
    """A model cut in two; ``nodes`` tell what the host has to do, in order."""

    grid: onnx.ModelProto
    host: onnx.ModelProto
    nodes: tuple[HostNode, ...]


def node_name(node: onnx.NodeProto, index: int) -> str:
    """The name by which problems call a node."""
    return node.name or f"{node.op_type}_{index}"


def with_names(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model, every node named: names then stay what they are when nodes are left out."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    for index, node in enumerate(made.graph.node):
        node.name = node_name(node, index)
    return made


def cut(model: onnx.ModelProto, refused: Iterable[str]) -> Cut | None:
    """Cut a model behind everything that the ``refused`` nodes do not need; None where nothing is left to do before.

    ``refused`` are names by :func:`node_name`; names of no node do not count.
    """
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    computed = {value.name for value in graph.input} - constants
    wanted, host = set(refused), set[int]()
    lost = set[str]()
    for index, node in enumerate(graph.node):
        if computed.intersection(node.input):
            computed.update(node.output)
        if node_name(node, index) in wanted or lost.intersection(node.input):
            host.add(index)
            lost.update(node.output)
    inputs = {value.name for value in graph.input} - constants
    on_grid = {value for i, node in enumerate(graph.node) if i not in host for value in node.output}
    needed = [value for i in sorted(host) for value in graph.node[i].input]
    crossing = [value for value in dict.fromkeys(needed) if value in computed and value in on_grid]
    kept = [value.name for value in graph.output if value.name in on_grid and value.name in computed]
    outputs = list(dict.fromkeys([*kept, *crossing]))
    if not host or not outputs:
        return None
    shapes = _shapes(model)
    direct = [value for value in dict.fromkeys(needed) if value in inputs]
    results = [value.name for value in graph.output if value.name not in kept]
    grid = _part(model, [i for i in range(len(graph.node)) if i not in host], sorted(inputs), outputs)
    behind = _part(model, range(len(graph.node)), [*crossing, *direct], results)
    nodes = tuple(_host_node(graph.node[i], i, shapes) for i in sorted(host))
    return Cut(grid, behind, nodes)


def _part(model: onnx.ModelProto, indices: Iterable[int], inputs: list[str], outputs: list[str]) -> onnx.ModelProto:
    """The nodes of ``indices`` that ``outputs`` need, back to ``inputs``."""
    graph, wanted, chosen = model.graph, set(outputs), []
    for index in sorted(indices, reverse=True):
        node = graph.node[index]
        if wanted.intersection(node.output) and not set(node.output) & set(inputs):
            chosen.append(node)
            wanted.update(value for value in node.input if value)
    kinds = {value.name: value for value in (*graph.input, *graph.output, *graph.value_info)}

    def described(name: str) -> onnx.ValueInfoProto:
        found = kinds.get(name)
        return found if found is not None else helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)

    made = onnx.ModelProto()
    made.CopyFrom(model)
    del made.graph.node[:], made.graph.initializer[:], made.graph.input[:], made.graph.output[:]
    made.graph.node.extend(reversed(chosen))
    made.graph.initializer.extend(tensor for tensor in graph.initializer if tensor.name in wanted)
    made.graph.input.extend(described(name) for name in inputs if name in wanted or name in outputs)
    made.graph.output.extend(described(name) for name in outputs)
    return made


def _shapes(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    """Sizes of values as far as ONNX infers them; unknown ones count as 1."""
    try:
        inferred = onnx.shape_inference.infer_shapes(model).graph
    except Exception:  # what it does not understand, it says in its own words
        inferred = model.graph
    found = {
        value.name: tuple(max(1, dim.dim_value) for dim in value.type.tensor_type.shape.dim)
        for value in (*inferred.input, *inferred.value_info, *inferred.output)
    }
    return {**found, **{tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}}


def _host_node(node: onnx.NodeProto, index: int, shapes: dict[str, tuple[int, ...]]) -> HostNode:
    def count(name: str) -> int:
        return min(LIMIT, int(np.prod(shapes.get(name, (1,)), dtype=object)))

    elements = count(node.output[0]) if node.output else 0
    macs = 0
    if node.op_type in ("Conv", "Gemm", "MatMul", "ConvTranspose") and len(node.input) > 1:
        weights = shapes.get(node.input[1], (1,))
        outputs = (
            weights[1 if node.op_type == "ConvTranspose" else 0] if node.op_type.startswith("Conv") else weights[-1]
        )
        macs = elements * count(node.input[1]) // max(1, outputs)
    return HostNode(node_name(node, index), node.op_type, elements, macs)


__all__ = ["Cut", "cut", "node_name"]
