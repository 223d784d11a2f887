"""The builder that operators lower themselves with: from ONNX values to maps and real operators.

The layout of a network input is chosen by its first reader: channels first, or channels last where a Transpose leads
to it. All other maps are ``channels x height x width`` from the start. Whoever needs a value in another order or
selection than its map has gets a map of its own, put together by an Assembly.
"""

from dataclasses import dataclass, replace
from itertools import chain, count

import numpy as np
from onnx import NodeProto

from tileloom.compiler.graph import HostNode, Piece, Source
from tileloom.compiler.network import Network
from tileloom.compiler.node import Array, Constant, Node
from tileloom.compiler.pieces import PIECES, TooManyPieces, pieces_of
from tileloom.compiler.problems import Problem
from tileloom.compiler.real_graph import (
    Assembly,
    Floats,
    Map,
    MaximumPool,
    Quantisation,
    RealOperator,
    Requantise,
    inputs_of,
)
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
        self.host: list[HostNode] = []
        self.part_nodes: list[NodeProto] = []
        self.part_constants: dict[str, Array] = {}
        self._movers: dict[str, Source] = {}
        self._arranged: dict[tuple[str, tuple[int, int, int], bytes], str] = {}
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

    def alias(self, node: Node, view: View, output: int = 0) -> None:
        """An output of the node, the first if not said otherwise, is only another view."""
        self.views[node.outputs[output]] = view
        self._movers[node.outputs[output]] = node.source

    def alias_on_host(self, node: Node) -> bool:
        """Whether the first input is on the host; then the node's output is too, and nothing else is to be done."""
        view = self.views.get(node.inputs[0])
        if view is None or view.host is None:
            return False
        self.alias(node, view)
        self._note_host(node)
        return True

    def _note_host(self, node: Node) -> None:
        elements = int(np.prod(node.output_shape() or (), dtype=np.int64))
        self.host.append(HostNode(node.name, node.op, elements))

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
        self._note_host(node)

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
        return with_order(view.name, of_user[view.positions()], size=map_.elements).order

    def as_planes(self, node: Node, index: int) -> Map:
        """The operand as a map of ``(1, channels, height, width)``, or ``(1, channels, length)`` with height 1."""
        view = self.view(node, index)
        return self.arranged(node, view, planes_of(view.shape), node.inputs[index])

    def placed(self, node: Node, index: int) -> View:
        """The operand's view, with a layout, each element of its map seen once.

        A network input gets the plain layout of the view's shape if nobody has chosen one before.
        """
        view = self.view(node, index)
        self.place(view)
        if view.is_permutation:
            return view
        map_ = self.arranged(node, view, planes_of(view.shape), node.inputs[index])
        return View(map_.name, view.shape)

    def place(self, view: View) -> None:
        """Give the map under a view a layout, if it has none yet: the plain one of the view's shape."""
        if view.name in self.unplaced:
            self._place(view, *planes_of(view.shape))

    def arranged(self, node: Node, view: View, planes: tuple[int, int, int], value: str) -> Map:
        """A map of ``planes`` whose elements are those of the view in row-major order: its own, or a new one.

        ``value`` is the ONNX value whose view it is: a new map has its name, and the source of what moved it.
        """
        if view.name in self.unplaced:
            self._place(view, *planes)
        map_, positions = self.maps[view.name], self.positions(view)
        if positions is None and (map_.channels, map_.height, map_.width) == planes:
            return map_
        return self.maps[self._assembled(view, planes, value, node.source)]

    def _assembled(self, view: View, planes: tuple[int, int, int], value: str, source: Source) -> str:
        """The map of ``planes`` with the elements of a placed view in row-major order; made once."""
        positions = self.positions(view)
        key = (view.name, planes, b"" if positions is None else positions.tobytes())
        if key not in self._arranged:
            name = self.fresh(value)
            mover = self._movers.get(value, source)
            self.emit(Assembly(mover, name, self.pieces(mover, view)))
            self.maps[name] = Map(name, self.maps[view.name].value, *planes, planes, in_order=False)
            self._arranged[key] = name
        return self._arranged[key]

    def in_user_order(self, view: View, value: str) -> View:
        """A view of the network output ``value`` whose map is in the user's own order, or channels last in it."""
        self.place(view)
        map_, positions = self.maps[view.name], self.positions(view)
        if positions is None:
            return view
        if view.is_permutation:
            plain = np.arange(map_.elements).reshape(map_.channels, map_.height, map_.width)
            if np.array_equal(plain.transpose(1, 2, 0).ravel(), positions.ravel()):
                return view
        return View(
            self._assembled(view, planes_of(view.shape), value, Source(value, "Output")), view.shape, host=view.host
        )

    def pieces(self, source: Source, view: View, targets: Indices | None = None) -> tuple[Piece, ...]:
        """Pieces that copy the elements of a placed view to the ``targets``, by default in row-major order."""
        if targets is None:
            targets = np.arange(view.elements, dtype=np.int64).reshape(view.shape)
        positions = self.positions(view)
        try:
            return pieces_of(view.name, view.positions() if positions is None else positions, targets)
        except TooManyPieces:
            rule = f"{source.op}: a movement of elements must be at most {PIECES} regular pieces"
            value = f"more for {list(view.shape)} of a map of {view.size or view.elements} elements"
            fix = "reorder the elements more regularly"
            raise Refused(Problem("TL209", source.node, source.line, rule, value, fix)) from None

    def fresh(self, name: str) -> str:
        """A name for a map that no map has yet: the one given, if possible."""
        names = chain([name], (f"{name}/{i}" for i in count(1)))
        return next(each for each in names if each not in self.maps)

    def _place(self, view: View, channels: int, height: int, width: int) -> None:
        """Give a network input a layout in which ``view`` is plain, if there is one; else that of its own shape."""
        entry = self.unplaced.pop(view.name)
        last = False
        if view.order is not None:
            shape = (height, width, channels)
            plain = np.arange(view.elements, dtype=np.int64).reshape(shape).transpose(2, 0, 1)
            last = view.is_permutation and np.array_equal(plain.ravel(), view.order.ravel())
            if not last:
                channels, height, width = planes_of((1, *entry.shape))
        self.maps[view.name] = Map(view.name, view.name, channels, height, width, entry.shape, last, entry.quantisation)

    def quantisation(self, view: View) -> Quantisation | None:
        """The quantisation that the model gives for the map under a view: of an input, or by QuantizeLinear."""
        entry = self.unplaced.get(view.name)
        if entry is not None:
            return entry.quantisation
        producers = {operator.output: operator for operator in self.operators}

        def found(name: str) -> Quantisation | None:
            producer = producers.get(name)
            if isinstance(producer, MaximumPool | Assembly):
                grids = {found(each) for each in inputs_of(producer)}
                return grids.pop() if len(grids) == 1 else None
            return producer.quantisation if isinstance(producer, Requantise) else self.maps[name].quantisation

        return found(view.name)

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

    def with_numbers(self, node: Node, index: int, *values: Array) -> tuple[View, list[Floats]]:
        """An operand, and for each of ``values``, which broadcast against it, its one number per channel of the map.

        Where the numbers differ inside a channel of the map that the operand lies in, it gets a map of its own order.
        """
        view = self.placed(node, index)
        try:
            return view, [self.per_channel(node, view, each) for each in values]
        except Refused:
            map_ = self.arranged(node, view, planes_of(view.shape), node.inputs[index])
            view = View(map_.name, view.shape)
            return view, [self.per_channel(node, view, each) for each in values]


def planes_of(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Channels, height and width of a value: the last two axes are the picture, all before them are channels.

    A batch axis of 1 does not count; with fewer axes the height is 1, then the width too.

    >>> planes_of((1, 3, 8, 6)), planes_of((1, 3, 8)), planes_of((1, 3)), planes_of((1, 2, 3, 8, 6))
    ((3, 8, 6), (3, 1, 8), (3, 1, 1), (6, 8, 6))
    """
    rest = shape[1:] if shape[:1] == (1,) else shape
    if len(rest) < 3:
        channels, width = (*rest, 1, 1)[:2]
        return channels, 1, width
    return int(np.prod(rest[:-2])), rest[-2], rest[-1]
