"""Lower: ONNX nodes become maps and real operators.

Requires: no problems. Ensures: a real graph whose outputs carry the network's own names; views are gone. Raises
:class:`ModelError` with every node that cannot be expressed; nodes behind a refused one are not judged.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import numpy as np

from tileloom.compiler.graph import Source
from tileloom.compiler.lowering import Lowering, Refused
from tileloom.compiler.network import Network
from tileloom.compiler.operator_table import operator_table
from tileloom.compiler.parts import Parts
from tileloom.compiler.problems import ModelError, Problem
from tileloom.compiler.real_graph import Clamp, Map, RealGraph, reading
from tileloom.compiler.view import View


def lower(network: Network) -> RealGraph:
    """The network as a real graph."""
    lowering = Lowering(network)
    problems = lower_nodes(network, lowering, set())
    if not problems:
        problems = _place_outputs(network, lowering)
    if problems:
        raise ModelError(problems)
    for name in list(lowering.unplaced):
        problems.append(
            Problem("TL114", name, "", "every input must be used", "an unused input", "remove it from the model")
        )
    if problems:
        raise ModelError(problems)
    outputs = tuple(dict.fromkeys(lowering.views[name].name for name in network.outputs))
    moved = _tell_orders(lowering, outputs)
    graph = RealGraph(
        network.name,
        lowering.maps,
        tuple(lowering.operators),
        network.inputs,
        outputs,
        (*network.notes, *lowering.notes),
        Parts(tuple(lowering.part_nodes), lowering.part_constants),
        (*lowering.host, *network.host),
    )
    return _renamed(graph, network, lowering.views, moved)


def lower_nodes(network: Network, lowering: Lowering, faulty: set[str]) -> list[Problem]:
    """Lower every node but those that read or make a ``faulty`` value, or stand behind one that is refused."""
    table = operator_table()
    problems: list[Problem] = []
    poisoned = set(faulty)
    for node in network.nodes():
        if poisoned.intersection((*node.inputs, *node.outputs)):
            poisoned.update(node.outputs)
            continue
        try:
            table[node.op].lower(node, lowering)
        except Refused as refusal:
            problems.append(refusal.problem)
            poisoned.update(node.outputs)
    return problems


def _place_outputs(network: Network, lowering: Lowering) -> list[Problem]:
    """Shape and order of the outputs as the user sees them; an output that is an input or another output is copied."""
    problems = []
    taken: set[str] = set()
    for name in network.outputs:
        view = lowering.views.get(name)
        if view is None:
            problems.append(
                Problem("TL114", name, "", "an output must be computed from an input", "a constant", "remove it")
            )
            continue
        try:
            view = lowering.in_user_order(view, name)
        except Refused as refusal:
            problems.append(refusal.problem)
            continue
        if view.name in network.inputs or view.name in taken:
            view = _copied(lowering, view, name)
        lowering.views[name] = view
        taken.add(view.name)
        shape = view.shape[1:] if view.shape[:1] == (1,) else view.shape
        last = lowering.positions(view) is not None
        lowering.maps[view.name] = replace(lowering.maps[view.name], shape=shape, channels_last=last)
    return problems


def _tell_orders(lowering: Lowering, outputs: tuple[str, ...]) -> list[str]:
    """Mark the inner maps whose elements do not lie as in the ONNX value of their name; those not channels last either.

    Whoever compares a map with its value, or takes means of the value's channels, must know.
    """
    moved = []
    for name, view in lowering.views.items():
        if view.name != name or name in outputs or view.order is None or lowering.maps[name].channels_last:
            continue
        map_ = lowering.maps[name]
        plain = np.arange(map_.elements).reshape(map_.channels, map_.height, map_.width)
        if view.shape[:1] == (1,) and np.array_equal(plain.transpose(1, 2, 0).ravel(), view.order.ravel()):
            lowering.maps[name] = replace(map_, shape=view.shape[1:], channels_last=True)
        else:
            lowering.maps[name] = replace(map_, in_order=False)
            moved.append(name)
    return moved


def _copied(lowering: Lowering, view: View, name: str) -> View:
    """A copy of a map that an output may call its own."""
    map_ = lowering.maps[view.name]
    positions = lowering.positions(view)
    fresh = lowering.fresh(name if view.host is None else f"{view.name}/copy")
    planes = (map_.channels, map_.height, map_.width)
    lowering.maps[fresh] = Map(fresh, map_.value, *planes, planes, quantisation=map_.quantisation)
    lowering.emit(Clamp(Source(name, "Identity"), view.name, fresh, -np.inf, np.inf))
    return View(fresh, view.shape, positions, view.host)


def _others(name: str) -> Iterator[str]:
    return (f"{name}/before{number or ''}" for number in count())


def _renamed(graph: RealGraph, network: Network, views: dict[str, View], moved: list[str]) -> RealGraph:
    """The graph whose output maps bear the network's output names; a value left to the host keeps its own.

    Maps that are ``moved``, their elements in an order of their own, lose the names of the values that have another.
    """
    names = {views[name].name: name for name in network.outputs if views[name].host is None}
    for name in network.outputs:
        if name in graph.maps and name not in names and name not in graph.outputs and name in names.values():
            # An inner map of that name holds the elements in another order.
            names[name] = next(each for each in _others(name) if each not in graph.maps)
    for name in moved:
        if name not in names:
            names[name] = next(each for each in _others(name) if each not in graph.maps)
    maps = {}
    for name, map_ in graph.maps.items():
        maps[names.get(name, name)] = replace(map_, name=names.get(name, name))
    operators = tuple(
        replace(reading(operator, names), output=names.get(operator.output, operator.output))
        for operator in graph.operators
    )
    outputs = tuple(names.get(name, name) for name in graph.outputs)
    return replace(graph, maps=maps, operators=operators, outputs=outputs)
