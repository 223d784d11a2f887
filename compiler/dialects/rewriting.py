"""What dialects share: the model's small constants, and nodes that stand where a foreign node stood."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from tileloom.compiler.node import Array
from tileloom.compiler.problems import Problem

LARGEST = 1 << 16
"""Elements up to which a constant is read here: bit widths, levels, factors; never weights."""


class Untranslatable(Exception):
    """A foreign node cannot be translated; the problem says why."""

    def __init__(self, node: onnx.NodeProto, code: str, rule: str, value: str, fix: str) -> None:
        self.problem = Problem(code, node.name or node.op_type, "", f"{node.op_type}: {rule}", value, fix)
        super().__init__(str(self.problem))


@dataclass
class Rewriting:
    """The nodes and initialisers that take a foreign node's place.

    Parameters
    ----------
    node : the foreign node
    constants : small constants of the model by name
    """

    node: onnx.NodeProto
    constants: dict[str, Array]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initialisers: list[onnx.TensorProto] = field(default_factory=list)

    def fresh(self, what: str) -> str:
        """A name that no exporter gives."""
        return f"{self.node.output[0]}/{what}"

    def emit(self, op: str, inputs: Iterable[str], output: str, domain: str = "", /, **attributes: Any) -> str:
        """Append a node; the one that writes the foreign node's output takes over its name. Returns ``output``."""
        last = output in self.node.output
        name = self.node.name if last else f"{self.node.name or self.node.op_type}/{op}_{len(self.nodes)}"
        made = helper.make_node(op, list(inputs), [output], name=name, domain=domain, **attributes)
        made.metadata_props.extend(self.node.metadata_props)
        self.nodes.append(made)
        return output

    def number(self, what: str, value: Array | list[float] | float) -> str:
        """The name of a new float32 initialiser."""
        name = self.fresh(what)
        self.initialisers.append(numpy_helper.from_array(np.asarray(value, dtype=np.float32), name))
        return name

    def has_input(self, index: int) -> bool:
        """Whether the foreign node has this operand."""
        return index < len(self.node.input) and bool(self.node.input[index])

    def input(self, index: int) -> str:
        """The name of an operand that must be there; raises :class:`Untranslatable` where it is not."""
        if not self.has_input(index):
            raise Untranslatable(
                self.node, "TL111", f"operand {index} must be given", "nothing", "export the network again"
            )
        return str(self.node.input[index])

    def constant(self, index: int, what: str) -> Array:
        """The value of an operand that must be a small constant."""
        found = self.constants.get(self.input(index))
        if found is None:
            raise Untranslatable(
                self.node, "TL205", f"{what} must be a constant", "a computed value", f"make {what} a constant"
            )
        return found

    def scalar(self, index: int, what: str) -> float:
        """The value of an operand that must be one constant number."""
        found = self.constant(index, what)
        if found.size != 1:
            raise Untranslatable(
                self.node, "TL202", f"{what} must be one number", f"{found.size} of them", f"give {what} as a scalar"
            )
        return float(found.ravel()[0])

    def attribute(self, name: str, default: Any) -> Any:
        """An attribute of the foreign node; tensors as arrays, bytes as text."""
        for entry in self.node.attribute:
            if entry.name == name:
                value = helper.get_attribute_value(entry)
                if isinstance(value, onnx.TensorProto):
                    return numpy_helper.to_array(value)
                return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        return default

    def attributes(self, *names: str) -> dict[str, Any]:
        """Those of the named attributes that the foreign node has, to hand on."""
        return {entry.name: helper.get_attribute_value(entry) for entry in self.node.attribute if entry.name in names}


def small_constants(graph: onnx.GraphProto) -> dict[str, Array]:
    """Initialisers and Constant nodes of at most :data:`LARGEST` elements, by name; unreadable ones are left out."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.domain in ("", "ai.onnx") and node.output:
            for entry in node.attribute:
                if entry.name == "value" and entry.type == onnx.AttributeProto.TENSOR:
                    tensors[node.output[0]] = entry.t
    found: dict[str, Array] = {}
    for name, tensor in tensors.items():
        size = int(np.prod(tensor.dims, dtype=np.float64))
        if tensor.data_location == onnx.TensorProto.EXTERNAL or size > LARGEST or min(tensor.dims, default=1) < 0:
            continue
        try:
            found[name] = numpy_helper.to_array(tensor)
        except Exception:  # a malformed tensor is reported where weights are read
            continue
    return found
