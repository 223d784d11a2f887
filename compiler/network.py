"""A network on its way through the front passes: the ONNX model and what is known about it so far."""

from dataclasses import dataclass, field, replace

import onnx

from tileloom.compiler.graph import HostNode
from tileloom.compiler.node import Constant, Node
from tileloom.compiler.problems import ModelError, Problem
from tileloom.compiler.settings import Settings


@dataclass(frozen=True, eq=False)
class Network:
    """An ONNX model with facts that passes add, and the problems they found.

    Parameters
    ----------
    name : of the network, from its file
    model : the ONNX model, all weights inside; passes may replace it, never change it in place
    order : indices of the live nodes of ``model.graph.node`` in topological order
    opset : version of the ai.onnx operator set
    shapes, types : of every value where known (types are ONNX element types)
    constants : values known at compile time
    inputs, outputs : names, without initialisers that old operator sets list as inputs
    notes : decisions that a user may want to read
    problems : what was found to be wrong
    doubt : what shape inference finds wrong, reported if no operator says it better
    settings : what the user decided
    host : what is left to the host behind the outputs, because the user allows it
    host_model : the same as an ONNX model, which reads the outputs; None where nothing is
    """

    name: str
    model: onnx.ModelProto
    order: tuple[int, ...] = ()
    opset: int = 0
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)
    constants: dict[str, Constant] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    doubt: str = ""
    settings: Settings = field(default_factory=Settings)
    host: tuple[HostNode, ...] = ()
    host_model: onnx.ModelProto | None = None

    def nodes(self) -> list[Node]:
        """Views of the live nodes, in topological order."""
        return [
            Node(self.model.graph.node[index], index, self.opset, self.shapes, self.types, self.constants)
            for index in self.order
        ]

    def with_problems(self, problems: list[Problem]) -> "Network":
        """The same network with more problems."""
        return replace(self, problems=(*self.problems, *problems))

    def refuse_problems(self) -> None:
        """Raise :class:`ModelError` if there are problems: those of values first, then node by node in order."""
        if self.problems:
            place = {node.name: index for index, node in enumerate(self.nodes())}
            raise ModelError(sorted(self.problems, key=lambda problem: place.get(problem.node, -1)))
