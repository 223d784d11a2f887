"""Parts of operators: ONNX nodes that compute what lies inside one node of the network, for calibration to look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import onnx
from onnx import numpy_helper

from tileloom.compiler.network import Network
from tileloom.compiler.node import Array


@dataclass(frozen=True, eq=False)
class Parts:
    """Nodes in topological order that read values of the network and of each other, and the constants they need."""

    nodes: tuple[onnx.NodeProto, ...] = ()
    constants: Mapping[str, Array] = field(default_factory=dict)


def with_parts(network: Network, parts: Parts) -> Network:
    """The network whose model computes the parts too; its outputs stay what they are."""
    if not parts.nodes:
        return network
    model = onnx.ModelProto()
    model.CopyFrom(network.model)
    model.graph.node.extend(parts.nodes)
    model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in parts.constants.items())
    return replace(network, model=model)
