"""Settings: sizes that the user names, and inputs that the user binds to constants.

Requires: a loaded model. Ensures: bound inputs are initialisers; named axes and the batch have their numbers, and
sizes that the model states for other values are forgotten where they might now be wrong.
"""

import difflib
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import onnx
from onnx import numpy_helper

from tileloom.compiler.limits import DIMENSION
from tileloom.compiler.network import Network
from tileloom.compiler.problems import Problem


def apply_settings(network: Network) -> Network:
    """The network with the user's word carried out; a name that is not in it is a problem."""
    settings = network.settings
    if not settings.dims and settings.batch is None and not settings.bind:
        return network
    model = onnx.ModelProto()
    model.CopyFrom(network.model)
    problems = [*_batch(network), *_bind(model, network), *_resize(model, network)]
    return replace(network, model=model).with_problems(problems)


def _bind(model: onnx.ModelProto, network: Network) -> list[Problem]:
    problems = []
    inputs = {value.name: value for value in model.graph.input}
    for name, array in network.settings.bind.items():
        value = inputs.get(name)
        if value is None:
            problems.append(_unknown(name, "an input to bind must be one of the network's", inputs))
            continue
        kind = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        wanted = [dim.dim_value or None for dim in value.type.tensor_type.shape.dim]
        fits = len(wanted) == array.ndim and all(w in (None, s) for w, s in zip(wanted, array.shape, strict=True))
        if value.type.tensor_type.HasField("shape") and not fits:
            shape = ", ".join("?" if size is None else str(size) for size in wanted)
            problems.append(
                Problem("TL307", name, "", f"the array must have the shape ({shape})", str(array.shape), "reshape it")
            )
            continue
        model.graph.input.remove(value)
        held = [tensor for tensor in model.graph.initializer if tensor.name == name]
        for tensor in held:
            model.graph.initializer.remove(tensor)
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(array).astype(kind), name))
    return problems


def _batch(network: Network) -> list[Problem]:
    """What is wrong with the batch that the user asks for; said once, and not of every operator."""
    batch = network.settings.batch
    if batch in (None, 1):
        return []
    fix = "take 1, and give several frames one after another with --frames"
    return [Problem("TL113", "--batch", "", "the batch (first axis) must be 1", str(batch), fix)]


def _resize(model: onnx.ModelProto, network: Network) -> list[Problem]:
    settings, problems = network.settings, []
    initialisers = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in initialisers]
    axes = [dim for value in inputs for dim in value.type.tensor_type.shape.dim]
    names = {dim.dim_param for dim in axes if dim.HasField("dim_param")}
    changed = False
    for name, size in settings.dims.items():
        if name not in names:
            problems.append(_unknown(name, "a size must be of one of the inputs' named axes", names))
        elif not 1 <= size <= DIMENSION:
            problems.append(
                Problem("TL109", name, "", f"a size must be from 1 to {DIMENSION}", str(size), "correct it")
            )
        else:
            for dim in axes:
                if dim.HasField("dim_param") and dim.dim_param == name:
                    dim.dim_value, changed = size, True
    if settings.batch == 1:
        for value in inputs:
            if value.type.tensor_type.shape.dim:
                value.type.tensor_type.shape.dim[0].dim_value, changed = settings.batch, True
    if changed:
        del model.graph.value_info[:]
        for value in model.graph.output:
            for dim in value.type.tensor_type.shape.dim:
                dim.Clear()
    return problems


def _unknown(name: str, rule: str, known: Iterable[str]) -> Problem:
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.0) if names else []
    return Problem(
        "TL312", name, "", rule, "an unknown name", f"the nearest is {near[0]!r}" if near else "leave it out"
    )
