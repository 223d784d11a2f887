"""The builder that operators lower themselves with: from ONNX values to maps and real operators.

The layout of a network input is chosen by its first reader: channels first, or channels last where a Transpose leads
to it. All other maps are ``channels x height x width`` from the start.
"""

from dataclasses import dataclass, replace

import numpy as np

from tileloom.compiler.graph import Source
from tileloom.compiler.network import Network
from tileloom.compiler.node import Array, Constant, Node
from tileloom.compiler.problems import Problem
from tileloom.compiler.real_graph import Floats, Map, MaximumPool, Quantisation, RealOperator, Requantise
from tileloom.compiler.view import Indices, View, with_order


class Refused(Exception):
    """An operator cannot be lowered; the problem says why."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


@dataclass(frozen=True)
class Unplaced:
    """A network input whose layout nobody has asked for yet; ``shape`` is without the batch axis."""

    name: str
    shape: tuple[int, ...]
    quantisation: Quantisation | None = None


def refuse(node: Node, code: str, rule: str, value: str, fix: str) -> Refused:
    """The exception that refuses a node."""
    return Refused(Problem(code, node.name, node.source.line, f"{node.op}: {rule}", value, fix))


class Lowering:
    """Collects maps and operators while the nodes are lowered one by one."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.maps: dict[str, Map] = {}
        self.unplaced: dict[str, Unplaced] = {}
        self.operators: list[RealOperator] = []
        self.views: dict[str, View] = {}
        self.notes: list[str] = []
        for name in network.inputs:
            shape = network.shapes[name]
            self.unplaced[name] = Unplaced(name, shape[1:])
            self.views[name] = View(name, shape)

    def view(self, node: Node, index: int) -> View:
        """The view of an operand that runs on the accelerator."""
        view = self.views.get(node.inputs[index])
        if node.constant(index) is not None:
            raise refuse(
                node,
                "TL202",
                "the data must depend on the network's input",
                f"the constant {node.inputs[index]!r}",
                "compute it before the export",
            )
        if view is None:
            raise refuse(
                node,
                "TL202",
                "an operator's second output must not be read",
                repr(node.inputs[index]),
                "remove what reads it",
            )
        if view.host is not None:
            raise refuse(
                node,
                "TL210",
                "only the end of the network may run on the host",
                f"after {view.host}",
                f"remove {view.host}, or everything after it",
            )
        return view

    def constant(self, node: Node, index: int) -> Constant:
        """A constant operand; the operator's rules have checked that it is one."""
        found = node.constant(index)
        if found is None:
            raise refuse(node, "TL205", f"operand {index} must be a constant", "a computed value", "make it a constant")
        return found

    def emit(self, operator: RealOperator) -> None:
        """Append an operator; its maps exist."""
        self.operators.append(operator)

    def alias(self, node: Node, view: View) -> None:
        """The node's first output is only another view."""
        self.views[node.outputs[0]] = view

    def alias_on_host(self, node: Node) -> bool:
        """Whether the first input is on the host; then the node's output is too, and nothing else is to be done."""
        view = self.views.get(node.inputs[0])
        if view is None or view.host is None:
            return False
        self.alias(node, view)
        return True

    def alias_reshaped(self, node: Node) -> None:
        """The node's first output is its first input in the output's shape."""
        if self.alias_on_host(node):
            return
        view, shape = self.view(node, 0), node.output_shape()
        if shape is None or int(np.prod(shape, dtype=np.int64)) != view.elements:
            raise refuse(
                node,
                "TL112",
                "the output must have as many elements as the input",
                f"{list(shape or ())} from {list(view.shape)}",
                "correct the shape",
            )
        self.alias(node, view.reshaped(shape))

    def leave_to_host(self, node: Node) -> None:
        """The node and all after it run on the host: the value before it is the accelerator's output."""
        if self.alias_on_host(node):
            return
        view = self.placed(node, 0)
        self.notes.append(
            f"{node.op} ({node.name}) at the end runs on the host: the accelerator's output is {view.name!r}, its input"
        )
        self.alias(node, replace(view, host=f"{node.op} ({node.name})"))

    def add_map(self, node: Node, channels: int, height: int, width: int, order: Indices | None = None) -> str:
        """A new map for the node's first output, seen in the output's shape; returns the map's name."""
        name = node.outputs[0]
        shape = node.output_shape()
        if shape is None:
            raise refuse(node, "TL112", "the output's shape must be known", "unknown", "export with fixed sizes")
        if order is None:
            self.views[name] = View(name, shape)
        else:
            self.views[name] = with_order(name, order.reshape(shape))
        self.maps[name] = Map(name, name, channels, height, width, (channels, height, width))
        return name

    def add_like(self, node: Node, view: View) -> str:
        """A new map for the node's first output, element by element like the map under a view that has a layout."""
        map_ = self.maps[view.name]
        return self.add_map(node, map_.channels, map_.height, map_.width, self.positions(view))

    def positions(self, view: View) -> Indices | None:
        """For each element of the value its ``channels x height x width`` position in the map; None for plain order."""
        map_ = self.maps[view.name]
        if not map_.channels_last:
            return view.order
        plain = np.arange(map_.elements, dtype=np.int64).reshape(map_.channels, map_.height, map_.width)
        of_user = plain.transpose(1, 2, 0).ravel()
        return with_order(view.name, of_user[view.positions()]).order

    def as_planes(self, node: Node, index: int) -> Map:
        """The operand as a map of ``(1, channels, height, width)``, or ``(1, channels, length)`` with height 1."""
        view = self.view(node, index)
        channels, height, width = planes_of(view.shape)
        if view.name in self.unplaced:
            self._place(node, view, channels, height, width)
        map_ = self.maps[view.name]
        if (map_.channels, map_.height, map_.width) != (channels, height, width) or self.positions(view) is not None:
            raise refuse(
                node,
                "TL209",
                "the input must be a map in its own order",
                f"a reordered view {list(view.shape)} of a map of {map_.channels}x{map_.height}x{map_.width}",
                "move the Reshape or Transpose to the network's input or output",
            )
        return map_

    def placed(self, node: Node, index: int) -> View:
        """The operand's view, with a layout: the plain one of its shape if nobody has chosen one before."""
        view = self.view(node, index)
        if view.name in self.unplaced:
            if len(view.shape) not in (2, 3, 4):
                raise refuse(
                    node,
                    "TL206",
                    "the input must have 2, 3 or 4 axes",
                    f"{len(view.shape)} (shape {list(view.shape)})",
                    "reshape it",
                )
            self._place(node, view, *planes_of(view.shape))
        return view

    def _place(self, node: Node, view: View, channels: int, height: int, width: int) -> None:
        """Give a network input the layout in which ``view`` is plain."""
        entry = self.unplaced[view.name]
        last = False
        if view.order is not None:
            shape = (height, width, channels)
            plain = np.arange(view.elements, dtype=np.int64).reshape(shape).transpose(2, 0, 1)
            if not np.array_equal(plain.ravel(), view.order.ravel()):
                raise refuse(
                    node,
                    "TL209",
                    "the input must be channels first or channels last",
                    f"another order of {list(entry.shape)}",
                    "feed the network with N x C x H x W or N x H x W x C",
                )
            last = True
        del self.unplaced[view.name]
        self.maps[view.name] = Map(view.name, view.name, channels, height, width, entry.shape, last, entry.quantisation)

    def quantisation(self, view: View) -> Quantisation | None:
        """The quantisation that the model gives for the map under a view: of an input, or by QuantizeLinear."""
        entry = self.unplaced.get(view.name)
        if entry is not None:
            return entry.quantisation
        producers = {operator.output: operator for operator in self.operators}
        name = view.name
        while isinstance(pool := producers.get(name), MaximumPool):
            name = pool.input
        producer = producers.get(name)
        return producer.quantisation if isinstance(producer, Requantise) else self.maps[name].quantisation

    def set_input_quantisation(self, name: str, quantisation: Quantisation) -> None:
        """Fix the quantisation of a network input whose element type is an integer."""
        if name in self.unplaced:
            self.unplaced[name] = replace(self.unplaced[name], quantisation=quantisation)
        else:
            self.maps[name] = replace(self.maps[name], quantisation=quantisation)

    def per_channel(self, node: Node, view: View, values: Array) -> Floats:
        """Spread an operand that broadcasts against a view; return its one number per channel of the map."""
        map_ = self.maps[view.name]
        try:
            spread = np.broadcast_to(np.asarray(values, dtype=np.float64), view.shape).ravel()
        except ValueError:
            raise refuse(
                node,
                "TL207",
                "the constant must broadcast to the map's shape",
                f"{list(values.shape)} against {list(view.shape)}",
                "give one number per channel",
            ) from None
        laid = np.empty(map_.elements, dtype=np.float64)
        positions = self.positions(view)
        laid[slice(None) if positions is None else positions.ravel()] = spread
        planes = laid.reshape(map_.channels, -1)
        if not np.array_equal(planes, np.broadcast_to(planes[:, :1], planes.shape)):
            raise refuse(
                node,
                "TL207",
                "the constant may differ between channels only",
                f"shape {list(values.shape)}, different inside a channel",
                "give one number per channel",
            )
        return planes[:, 0].copy()


def planes_of(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Channels, height and width of a value with a batch axis of 1.

    >>> planes_of((1, 3, 8, 6)), planes_of((1, 3, 8)), planes_of((1, 3))
    ((3, 8, 6), (3, 1, 8), (3, 1, 1))
    """
    _, channels, *rest = shape
    height, width = rest if len(rest) == 2 else (1, rest[0] if rest else 1)
    return channels, height, width


def merged_source(source: Source, other: Source) -> Source:
    """The source of an operator into which another was merged: the first names it, a missing line is filled in."""
    return source if source.line else Source(source.node, source.op, other.line)
