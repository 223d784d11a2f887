"""Shapes: sizes and types of all values follow from those of the inputs.

Requires: fixed input sizes. Ensures: ``shapes`` and ``types`` of every value that ONNX's inference knows.
"""

from dataclasses import replace

import onnx
from onnx import shape_inference

from tileloom.compiler.limits import shape_fault
from tileloom.compiler.network import Network
from tileloom.compiler.problems import Problem


def infer_shapes(network: Network) -> Network:
    """Run ONNX's shape inference with data propagation."""
    try:
        inferred = shape_inference.infer_shapes(network.model, check_type=True, strict_mode=True, data_prop=True)
    except Exception as error:  # noqa: BLE001 - the library raises many kinds on malformed graphs
        if network.problems:
            return network
        return network.with_problems([_failed(network, str(error))])
    shapes, types, problems = dict(network.shapes), dict(network.types), []
    for value in [*inferred.graph.value_info, *inferred.graph.output]:
        kind = value.type.tensor_type
        if value.name in shapes or not value.type.HasField("tensor_type"):
            continue
        types[value.name] = kind.elem_type
        if not kind.HasField("shape") or not all(dim.HasField("dim_value") for dim in kind.shape.dim):
            continue
        shape = tuple(dim.dim_value for dim in kind.shape.dim)
        if (fault := shape_fault(shape)) is not None and 0 not in shape:
            problems.append(
                Problem("TL109", value.name, "", "dimensions must be from 1 to 16777216", fault, "correct the network")
            )
        else:
            shapes[value.name] = shape
    return replace(network, shapes=shapes, types=types).with_problems(problems)


def _failed(network: Network, message: str) -> Problem:
    lines = [line for line in message.splitlines() if line.strip()]
    return Problem(
        "TL112",
        network.name,
        "",
        "all shapes must follow from the inputs",
        lines[-1].strip() if lines else "a failure of shape inference",
        "correct the attributes or the weights' shapes",
    )
