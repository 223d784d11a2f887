"""The front of the compiler: from an ONNX file to the integer graph, in one fixed list of passes."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

import onnx

from tileloom.compiler.calibration_data import Calibration, checked_data, gathered, random_data
from tileloom.compiler.error_bound import error_bounds
from tileloom.compiler.float_model import observe
from tileloom.compiler.graph import IntegerGraph
from tileloom.compiler.host_part import Cut, cut, with_names
from tileloom.compiler.network import Network
from tileloom.compiler.nonlinearity import SEGMENTS
from tileloom.compiler.parts import with_parts
from tileloom.compiler.passes.absorb_quantisers import absorb_quantisers
from tileloom.compiler.passes.apply_settings import apply_settings
from tileloom.compiler.passes.calibrate import METHODS, calibrate, values_to_observe
from tileloom.compiler.passes.check_arity import check_arity
from tileloom.compiler.passes.check_lowering import check_lowering
from tileloom.compiler.passes.check_numbers import check_numbers
from tileloom.compiler.passes.check_operators import check_operators
from tileloom.compiler.passes.check_standard import check_standard
from tileloom.compiler.passes.check_support import check_folded, check_support
from tileloom.compiler.passes.expand_affine import expand_affine
from tileloom.compiler.passes.expand_copies import expand_copies
from tileloom.compiler.passes.fix_sizes import fix_sizes
from tileloom.compiler.passes.fold_affine import fold_affine
from tileloom.compiler.passes.fold_clamps import fold_clamps
from tileloom.compiler.passes.fold_constants import fold_constants
from tileloom.compiler.passes.fold_functions import fold_functions
from tileloom.compiler.passes.fold_pads import fold_pads
from tileloom.compiler.passes.infer_shapes import infer_shapes
from tileloom.compiler.passes.join_functions import join_functions
from tileloom.compiler.passes.load import from_model, load
from tileloom.compiler.passes.lower import lower
from tileloom.compiler.passes.order_nodes import order_nodes
from tileloom.compiler.passes.quantise_graph import quantise_graph
from tileloom.compiler.passes.raise_clamps import raise_clamps
from tileloom.compiler.passes.raise_movements import raise_movements
from tileloom.compiler.passes.raise_opset import raise_opset
from tileloom.compiler.passes.read_weights import read_weights
from tileloom.compiler.passes.share_grids import share_grids
from tileloom.compiler.passes.split_functions import split_functions
from tileloom.compiler.passes.split_weights import split_weights
from tileloom.compiler.passes.translate_dialects import translate_dialects
from tileloom.compiler.passes.verify_graph import verify_graph
from tileloom.compiler.patches import with_covariances
from tileloom.compiler.problem_codes import CODES
from tileloom.compiler.problems import ModelError, Problem
from tileloom.compiler.quantisation_parameters import ACTIVATION_TYPES
from tileloom.compiler.real_graph import RealGraph
from tileloom.compiler.settings import Settings


@dataclass(frozen=True)
class NetworkPass:
    """A step on the ONNX network; problems collect in it. With ``stops``, no later step sees a faulty one."""

    run: Callable[[Network], Network]
    reason: str
    stops: bool = False


NETWORK_PASSES = (
    NetworkPass(apply_settings, "the user's word comes before anything is looked at"),
    NetworkPass(translate_dialects, "foreign operators become ones that all others know"),
    NetworkPass(order_nodes, "names and order first: everything else walks the nodes", stops=True),
    NetworkPass(raise_opset, "one form of the operators, as far as ONNX's converter goes"),
    NetworkPass(check_arity, "all that follows reads inputs by their number", stops=True),
    NetworkPass(read_weights, "weights are looked at before anything computes with them"),
    NetworkPass(check_support, "all unsupported operators are named together with all other problems"),
    NetworkPass(fix_sizes, "sizes of inputs, from which all other sizes follow"),
    NetworkPass(infer_shapes, "operators judge their operands by shape"),
    NetworkPass(fold_constants, "weights may be computed, and reshapes read computed shapes"),
    NetworkPass(check_folded, "what folding could have taken away, and did not"),
    NetworkPass(check_numbers, "types are known, and an operator would not ask for them"),
    NetworkPass(check_operators, "each operator's own rules, on shapes and constants"),
    NetworkPass(check_lowering, "of a network with problems, the reorderings and host operators too"),
    NetworkPass(check_standard, "last, because our sentences are better than the checker's", stops=True),
)
"""Steps from the loaded file to a network that can be lowered."""

GRAPH_PASSES: tuple[tuple[Callable[[RealGraph], RealGraph], str], ...] = (
    (absorb_quantisers, "given grids become properties of maps, which the folds below must respect"),
    (raise_movements, "factors behind concatenations and upsamplings reach the convolutions that can take them"),
    (split_weights, "given codes, as long as they are as given"),
    (fold_affine, "batch norm and bias before limits: a convolution with limits cannot be scaled any more"),
    (join_functions, "after the factors are where they cost nothing; before limits and functions go to convolutions"),
    (expand_affine, "what is left is a convolution, which can take the limits below"),
    (raise_clamps, "before the clamps fold, so that they reach the convolution instead of the pool"),
    (raise_movements, "limits and joined functions, too, reach the operators that compute the maps"),
    (fold_clamps, "limits are free where the map is made"),
    (fold_functions, "after the clamps: a function follows the limits of its convolution, never the other way round"),
    (fold_pads, "after the clamps, which tell whether a border can win a pool"),
    (share_grids, "after the folds, which free maps; before the copies, of which it may need some"),
    (expand_copies, "last: what nobody could take becomes an operator of its own"),
)
"""Steps from the lowered graph to one of convolutions, pools and additions."""


DEFAULT_SETTINGS = Settings()
HOSTABLE = frozenset(code for code in CODES if code.startswith("TL2"))
"""Problems of operators themselves, which the host does not have."""
Stage = Network | RealGraph | IntegerGraph
Saved = Callable[[str, Stage], None]
"""What is told of every pass: its name, and the graph after it."""


def unsaved(name: str, stage: Stage) -> None:
    """Nobody looks at the stages."""


def read_model(path: str | os.PathLike[str], saved: Saved = unsaved, settings: Settings = DEFAULT_SETTINGS) -> Network:
    """The checked network in an ONNX file; raises :class:`ModelError` with all its problems."""
    loaded = replace(load(path), settings=settings)
    saved("load", loaded)
    return _taken(loaded, saved)


def take_model(model: onnx.ModelProto, name: str = "model", settings: Settings = DEFAULT_SETTINGS) -> Network:
    """The checked network of a model in memory, as :func:`read_model`."""
    return _taken(replace(from_model(model, name), settings=settings), unsaved)


def _taken(loaded: Network, saved: Saved) -> Network:
    """The checked network; where the settings allow it, without what must be left to the host."""
    if loaded.settings.host_ops:
        loaded = replace(loaded, model=with_names(loaded.model))
    try:
        network = _checked(loaded, saved)
        simplify(network, saved)
    except ModelError as error:
        refused = [problem.node for problem in error.problems if problem.code in HOSTABLE]
        found = cut(loaded.model, refused) if loaded.settings.host_ops and refused else None
        if found is None:
            raise
        rest = from_model(found.grid, loaded.name)
        again = _taken(replace(rest, settings=loaded.settings), saved)
        return _with_host(again, found, loaded.model)
    return network


def _with_host(network: Network, found: Cut, whole: onnx.ModelProto) -> Network:
    """The network with what a cut left to the host; an earlier cut of the rest only adds to it."""
    nodes = (*network.host, *found.nodes)
    behind = cut(whole, [node.node for node in nodes])
    assert behind is not None, "what could be cut before can be cut again"
    ops = ", ".join(sorted({node.op for node in nodes}))
    count = "1 operator runs" if len(nodes) == 1 else f"{len(nodes)} operators run"
    note = f"{count} on the host, as allowed: {ops}"
    notes = (*(each for each in network.notes if not each.endswith(ops)), note)
    return replace(network, host=nodes, host_model=behind.host, notes=notes)


def check(path: str | os.PathLike[str]) -> list[Problem]:
    """All problems of an ONNX file; empty where it can be compiled."""
    try:
        read_model(path)
    except ModelError as error:
        return list(error.problems)
    return []


def quantise(
    network: Network,
    calibration: Calibration | None = None,
    seed: int = 0,
    method: str | None = None,
    segments: int = SEGMENTS,
    saved: Saved = unsaved,
    bits: int = 8,
) -> IntegerGraph:
    """The integer graph of a checked network.

    Parameters
    ----------
    calibration : typical inputs in the network's own units; at most 512 frames are used. None takes random data, with
        a note; a network that gives all its scales needs none
    seed : of the random data
    segments : of the tables of nonlinear functions, a power of two: what the target has
    bits : of activations and weights that the model gives as real numbers: 8, or 16 for a target of such operands
    method : one of :data:`tileloom.compiler.passes.calibrate.METHODS`; None for that of the network's settings

    The same arguments give the same graph. Raises :class:`ModelError`.
    """
    method = network.settings.method if method is None else method
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    graph = simplify(network)
    _check_widths(network, graph, bits)
    data = None if calibration is None else checked_data(network, gathered(network, calibration))
    values = values_to_observe(graph)
    if values and data is None:
        data = random_data(network, seed)
        scaled = len({map_.value for map_ in graph.maps.values()}.intersection(values))
        note = (
            f"no calibration data: {scaled} of {len(graph.maps)} maps are scaled by random numbers (seed {seed}), "
            "so that accuracy on real data is not to be expected"
        )
        graph = replace(graph, notes=(*graph.notes, note))
    seen = observe(with_parts(network, graph.parts), data, values) if values and data is not None else {}
    graph = calibrate(graph, seen, method, bits, network.settings.bits)
    if calibration is not None and data is not None and network.settings.correct_bias:
        graph = with_covariances(graph, with_parts(network, graph.parts), data)
    calibrated = split_functions(graph, segments)
    saved("calibrate", calibrated)
    integers = verify_graph(quantise_graph(calibrated, segments, bits, network.settings))
    saved("quantise_graph", integers)
    coded = {name for name in network.inputs if network.types.get(name) in ACTIVATION_TYPES}
    return replace(integers, error_bounds=error_bounds(integers, calibrated, coded))


def _check_widths(network: Network, graph: RealGraph, bits: int) -> None:
    """Refuse bit widths that name no node, or are more than the target has."""
    widths = network.settings.bits
    nodes = [operator.source.node for operator in graph.operators]
    rule = "bit widths must name nodes of the network"
    problems = [
        Problem("TL312", each, "", rule, "a pattern that matches none", "correct it") for each in widths.unused(nodes)
    ]
    for layer in widths.layers:
        most = max(value for value in (layer.weights, layer.activations, 0) if isinstance(value, int))
        if most > bits:
            rule = f"bit widths must be at most those of the target, {bits}"
            problems.append(Problem("TL312", layer.node, "", rule, str(most), "take fewer bits, or a wider target"))
    if problems:
        raise ModelError(problems)


def _checked(network: Network, saved: Saved = unsaved) -> Network:
    for step in NETWORK_PASSES:
        network = step.run(network)
        saved(step.run.__name__, network)
        if step.stops:
            network.refuse_problems()
    return network


def simplify(network: Network, saved: Saved = unsaved) -> RealGraph:
    """The lowered graph after all of :data:`GRAPH_PASSES`, not yet calibrated."""
    graph = lower(network)
    saved("lower", graph)
    for run, _ in GRAPH_PASSES:
        graph = run(graph)
        saved(run.__name__, graph)
    return graph
