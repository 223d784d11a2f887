"""Shapes: sizes and types of all values follow from those of the inputs.

Requires: fixed input sizes. Ensures: ``shapes`` and ``types`` of every value that ONNX's inference knows.
"""

from dataclasses import replace

import onnx
from onnx import shape_inference

from tileloom.compiler.limits import DIMENSION, ELEMENTS, RANK, shape_fault
from tileloom.compiler.network import Network
from tileloom.compiler.problems import Problem
from tileloom.compiler.skeleton import skeleton

SHAPE_KEPT = frozenset(["GroupNormalization", "MeanVarianceNormalization"])
"""Operators whose output has the shape of their first input, which ONNX's inference does not know."""


def infer_shapes(network: Network) -> Network:
    """Run ONNX's shape inference with data propagation.

    What it finds wrong is only kept as a doubt: the rules of the operators say the same better, and come later.
    """
    model = skeleton(network.model)
    for node in model.graph.node:
        if node.op_type in SHAPE_KEPT and node.domain in ("", "ai.onnx") and node.input:
            copy = onnx.helper.make_node("Identity", node.input[:1], node.output[:1], name=node.name)
            node.CopyFrom(copy)
    try:
        inferred, doubt = _inferred(model, strict=True), ""
    except Exception as error:  # the library raises many kinds on malformed graphs
        doubt = _first_line(error)
        try:
            inferred = _inferred(model, strict=False)
        except Exception:  # nothing is known then, and the doubt says why
            return replace(network, doubt=doubt)
    shapes, types, problems = dict(network.shapes), dict(network.types), []
    for value in [*inferred.graph.value_info, *inferred.graph.output]:
        kind = value.type.tensor_type
        if value.name in shapes or not value.type.HasField("tensor_type"):
            continue
        types[value.name] = kind.elem_type
        if not kind.HasField("shape") or not all(dim.HasField("dim_value") for dim in kind.shape.dim):
            continue
        shape = tuple(dim.dim_value for dim in kind.shape.dim)
        fault = shape_fault(shape)
        if fault is None:
            shapes[value.name] = shape
        elif min(shape) > 0:
            rule = f"values must have at most {RANK} axes, {DIMENSION} elements on each and {ELEMENTS} in all"
            problems.append(Problem("TL103", value.name, "", rule, fault, "make the network smaller"))
    return replace(network, shapes=shapes, types=types, doubt=doubt).with_problems(problems)


def _inferred(model: onnx.ModelProto, strict: bool) -> onnx.ModelProto:
    return shape_inference.infer_shapes(model, check_type=strict, strict_mode=strict, data_prop=True)


def _first_line(error: Exception) -> str:
    """The library's message without its own class names, in one line."""
    text = " ".join(line.strip() for line in str(error).splitlines() if line.strip())
    for noise in ("[ShapeInferenceError] ", "Inference error(s): ", "[TypeInferenceError] "):
        text = text.replace(noise, "")
    return text or type(error).__name__
