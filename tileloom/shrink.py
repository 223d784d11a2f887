"""Shrinking a failing network: as few nodes as still fail in the same way, their weights replaced by random ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from tileloom.compiler.frontend import NETWORK_PASSES
from tileloom.compiler.network import Network
from tileloom.compiler.passes.load import from_model

RADIUS = 3
"""So far from the blamed node the smallest networks are tried first."""
Fails = Callable[[onnx.ModelProto], bool]


@dataclass(frozen=True, eq=False)
class Shrunk:
    """The network that still fails; ``kept`` names weights that had to keep their numbers."""

    model: onnx.ModelProto
    kept: tuple[str, ...]
    randomised: int
    tried: int


def shrink(model: onnx.ModelProto, blamed: str, fails: Fails, seed: int = 0) -> Shrunk:
    """The smallest network found for which ``fails`` holds, as it does for ``model``.

    ``blamed`` is a node (or value) near which the search begins. The result has no documentation, no source lines and
    no metadata.
    """
    known = _facts(model)
    counted = _Counted(fails)
    nodes = list(range(len(model.graph.node)))
    for radius in range(RADIUS + 1):
        near = _near(model, blamed, radius)
        if near and counted(_part(model, known, near)):
            nodes = near
            break
    nodes = _fewest(nodes, lambda some: counted(_part(model, known, some)))
    part = _part(model, known, nodes)
    if part is None or not counted(part):
        part = model
    return _randomised(part, counted, np.random.default_rng(seed))


class _Counted:
    """``fails`` for models that may be impossible (None), counting the tries."""

    def __init__(self, fails: Fails) -> None:
        self.fails = fails
        self.tries = 0

    def __call__(self, model: onnx.ModelProto | None) -> bool:
        if model is None:
            return False
        self.tries += 1
        return self.fails(model)


def _facts(model: onnx.ModelProto) -> Network:
    """Shapes, types and constants, as far as the front passes come."""
    network = from_model(model, "model")
    for step in NETWORK_PASSES:
        try:
            network = step.run(network)
        except Exception:  # the network is faulty, after all: what is known so far must do
            break
    return network


def _near(model: onnx.ModelProto, blamed: str, radius: int) -> list[int]:
    """The blamed node and what feeds it, ``radius`` steps back."""
    producers = {name: index for index, node in enumerate(model.graph.node) for name in node.output if name}
    found = {
        index
        for index, node in enumerate(model.graph.node)
        if blamed in (node.name, *node.output, f"{node.op_type}_{index}")
    }
    for _ in range(radius):
        found |= {
            producers[name] for index in list(found) for name in model.graph.node[index].input if name in producers
        }
    return sorted(found)


def _part(model: onnx.ModelProto, known: Network, nodes: Sequence[int]) -> onnx.ModelProto | None:
    """The nodes as a network of their own; None where the shape of something that they read is unknown."""
    chosen = [model.graph.node[index] for index in nodes]
    made = {name for node in chosen for name in node.output if name}
    read = list(dict.fromkeys(name for node in chosen for name in node.input if name))
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    original = {value.name: value for value in model.graph.input}
    inputs, tensors = [], []
    for name in read:
        if name in made:
            continue
        if name in weights:
            tensors.append(weights[name])
        elif name in known.constants:
            tensors.append(numpy_helper.from_array(np.asarray(known.constants[name].values), name))
        elif name in original:
            inputs.append(original[name])
        elif name in known.shapes and known.types.get(name):
            inputs.append(helper.make_tensor_value_info(name, known.types[name], known.shapes[name]))
        else:
            return None
    ends = [name for node in chosen for name in node.output if name and name not in read]
    ends += [value.name for value in model.graph.output if value.name in made and value.name not in ends]
    if not chosen or not ends:
        return None
    graph = onnx.GraphProto(name="repro", input=inputs, initializer=tensors)
    for name in dict.fromkeys(ends):
        kind = known.types.get(name) or onnx.TensorProto.FLOAT
        graph.output.append(helper.make_tensor_value_info(name, kind, known.shapes.get(name)))
    for node in chosen:
        copy = graph.node.add()
        copy.CopyFrom(node)
        copy.ClearField("doc_string")
        del copy.metadata_props[:]
    return onnx.ModelProto(
        ir_version=model.ir_version, opset_import=model.opset_import, functions=model.functions, graph=graph
    )


def _fewest(items: list[int], holds: Callable[[list[int]], bool]) -> list[int]:
    """A smallest subset for which ``holds`` is true, by leaving out ever smaller runs of items."""
    step = max(1, len(items) // 2)
    while items:
        start, smaller = 0, False
        while start < len(items):
            fewer = items[:start] + items[start + step :]
            if fewer and holds(fewer):
                items, smaller = fewer, True
            else:
                start += step
        if step == 1 and not smaller:
            break
        step = max(1, step // 2)
    return items


def _randomised(model: onnx.ModelProto, fails: _Counted, random: np.random.Generator) -> Shrunk:
    """The model with random weights, all together if that still fails, else one by one."""
    replaced: dict[str, onnx.TensorProto] = {}
    for tensor in model.graph.initializer:
        try:
            values = _random_like(numpy_helper.to_array(tensor), random)
        except Exception:  # a tensor that is malformed, perhaps the very fault
            continue
        if values is not None:
            replaced[tensor.name] = numpy_helper.from_array(values, tensor.name)
    together = _with_weights(model, replaced)
    if fails(together):
        return Shrunk(together, (), len(replaced), fails.tries)
    kept = []
    for name, tensor in replaced.items():
        changed = _with_weights(model, {name: tensor})
        if fails(changed):
            model = changed
        else:
            kept.append(name)
    return Shrunk(model, tuple(kept), len(replaced) - len(kept), fails.tries)


def _random_like(array: npt.NDArray[np.generic], random: np.random.Generator) -> npt.NDArray[np.generic] | None:
    """Numbers of the same kind, size, spread and sign; None where they mean a shape, an axis or one parameter."""
    if array.size <= 1 or array.dtype.kind not in "fiu" or array.dtype in (np.int64, np.int32):
        return None
    if array.dtype.kind != "f":
        limits = np.iinfo(array.dtype.name)
        return random.integers(limits.min, limits.max + 1, array.shape).astype(array.dtype)
    finite = array[np.isfinite(array)].astype(np.float64)
    spread = float(finite.std()) if finite.size else 1.0
    values = random.normal(0.0, spread or 1.0, array.shape)
    if finite.size and finite.min() >= 0.0:
        values = np.abs(values) + 0.1 * (spread or 1.0)
    return values.astype(array.dtype)


def _with_weights(model: onnx.ModelProto, tensors: dict[str, onnx.TensorProto]) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for tensor in copy.graph.initializer:
        if tensor.name in tensors:
            tensor.CopyFrom(tensors[tensor.name])
    return copy
